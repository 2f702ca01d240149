"""What is cut for a translator loses nothing, however it is written."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from voicectl_models import sentences

CHINESE = "我昨天打过电话，" * 20 + "没有人接。我想问问我孩子的学校！你能帮我吗？"


@pytest.mark.parametrize(
    "text",
    [
        CHINESE,
        f"Hello. {CHINESE} good bye, thanks",
        "x" * 3000,
        "ele me bate, " * 200,
        "",
        " a  b ",
    ],
    ids=["no spaces", "mixed", "one word", "no full stop", "empty", "spaces"],
)
def test_every_letter_is_in_a_part_and_no_part_is_long(text: str) -> None:
    parts = sentences.parts(text)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(len(part.split()) <= sentences.MOST_WORDS for part in parts)
    longest = max((len(word) for part in parts for word in part.split()), default=0)
    assert longest <= sentences.LONGEST_WORD


def test_sentences_and_long_ones_end_where_people_breathe() -> None:
    assert sentences.parts("Oi. Tudo bem?  Sim! Custa 3.50 só") == [
        "Oi.", "Tudo bem?", "Sim!", "Custa 3.50 só",
    ]  # fmt: skip
    assert sentences.parts("你好。再见！") == ["你好。", "再见！"]
    assert sentences.parts("a " * 30 + "b, " + "c " * 20)[0].endswith("b,")
    assert all(part.endswith(("，", "。", "！", "？")) for part in sentences.parts(CHINESE))


def test_what_has_no_letter_or_was_said_before_is_no_work() -> None:
    asked: list[Sequence[str]] = []
    shares: list[float] = []

    def loud(wanted: Sequence[str]) -> list[str]:
        asked.append(wanted)
        return [each.upper() for each in wanted]

    texts = ("oi. 17!", "", "oi.", "tudo bem? sim.")
    found = sentences.each(texts, loud, 2, shares.append)
    assert found == ("OI. 17!", "", "OI.", "TUDO BEM? SIM.")
    assert asked == [["oi.", "tudo bem?"], ["sim."]]
    assert shares == [0.0, pytest.approx(2 / 3)]
