"""A record that is masked has nothing left of what was found in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import combinations, groupby

import msgspec
import pytest

from voicectl.errors import UsageError
from voicectl.types import Audio, CallRecord, Decoding, Segment, Transcript, Word
from voicectl.understanding import Entity, Label, Risk, Sentence, Summary
from voicectl_recipes import masking
from voicectl_recipes.redaction import redacted

NUMBER = "oh seven double two one"
TEXTS = (
    "Hello. I am Nasimiyu Otieno and he has a gun near Nasimiyu Otieno.",
    f" my number is {NUMBER} yes",
    f"so {NUMBER.upper()}, Nasimiyu-Otieno?",
    "she is ten",
)


def entity(label: str, text: str, segment: int, start: int | None = None) -> Entity:
    start = TEXTS[segment].index(text) if start is None else start
    return Entity(label, text, segment, start, start + len(text), 0.9)


FOUND = (
    entity("NAME", "Nasimiyu Otieno", 0),
    entity("NAME", "Nasimiyu Otieno", 0, 50),
    entity("PHONE", NUMBER, 1),
    entity("AGE", "ten", 3),
)


def words(text: str) -> tuple[Word, ...]:
    return tuple(Word(float(at), at + 0.9, f" {w}", 0.9) for at, w in enumerate(text.split()))


def record() -> CallRecord:
    segments = tuple(
        Segment(
            at,
            9.0 * at,
            9.0 * at + 8,
            text,
            words=words(text),
            decoding=Decoding(0, (50364, 2425), 0.0, -0.2, 1.1, 0.0),
            original=f"{text} as heard",
        )
        for at, text in enumerate(TEXTS)
    )
    start = TEXTS[0].index("a gun")
    both = "I am Nasimiyu Otieno and he has a gun near Nasimiyu Otieno."
    return CallRecord(
        "c",
        "default",
        Audio("/calls/a.wav", "a.wav", 40.0, 8000, 1, "pcm", "sha"),
        datetime.now(UTC),
        Transcript(segments, "en", "tiny.en"),
        entities=FOUND,
        labels=(Label("s", "violence", 0.8, (0,)),),
        risks=(Risk("weapon", "a gun", 0, start, start + 5, "en"),),
        summary=Summary(
            (Sentence(both, (0,)), Sentence(f"my number is {NUMBER} yes", (1,))), "minilm"
        ),
    )


def test_no_word_of_it_is_left_anywhere() -> None:
    whole = msgspec.json.encode(redacted(record())).decode().casefold()
    for gone in ("nasimiyu", "otieno", "seven", "double", "50364", "as heard", " ten"):
        assert gone not in whole


def test_everything_points_into_the_masked_text() -> None:
    masked = redacted(record())
    assert masked.transcript is not None
    texts = [segment.text for segment in masked.transcript.segments]
    assert texts == [
        "Hello. I am [NAME_1] and he has a gun near [NAME_1].",
        " my number is [PHONE_1] yes",
        "so [PHONE_1], [NAME_1]?",
        "she is [AGE_1]",
    ]
    for each in (*masked.entities, *masked.risks):
        assert texts[each.segment][each.start : each.end] == each.text
    assert [each.text for each in masked.entities] == [
        "[NAME_1]", "[NAME_1]", "[PHONE_1]", "[PHONE_1]", "[NAME_1]", "[AGE_1]",
    ]  # fmt: skip
    assert [each.label for each in masked.entities[:2]] == ["NAME", "NAME"]
    assert masked.risks[0].text == "a gun"
    assert masked.labels == record().labels


def test_a_summary_has_the_same_placeholders() -> None:
    summary = redacted(record()).summary
    assert summary is not None
    assert [sentence.text for sentence in summary.sentences] == [
        "I am [NAME_1] and he has a gun near [NAME_1].",
        "my number is [PHONE_1] yes",
    ]


def test_a_sentence_that_nobody_said_loses_the_words_too() -> None:
    put = Summary((Sentence("Otieno, called nasimiyu, rang: 0722 or double.", (0, 1)),), "llm")
    summary = redacted(replace(record(), summary=put)).summary
    assert summary is not None
    assert summary.text == "[NAME_1], called [NAME_1], rang: 0722 or [PHONE_1]."


def test_a_number_that_was_said_in_words_and_written_in_digits_is_masked() -> None:
    put = Summary((Sentence("Call 0722-112 233 (aged 10, since 2019).", (0, 1)),), "llm")
    summary = redacted(replace(record(), summary=put)).summary
    assert summary is not None
    assert summary.text == "Call [PHONE_2] (aged 10, since 2019)."


def test_a_risk_that_shares_a_word_with_a_name_is_masked_with_it() -> None:
    start = TEXTS[0].index("Otieno and he")
    risk = Risk("x", TEXTS[0][start : start + 13], 0, start, start + 13, "en")
    assert redacted(replace(record(), risks=(risk,))).risks[0].text == "[NAME_1] and he"


def test_only_some_kinds_when_asked() -> None:
    masked = redacted(record(), ("AGE", "PHONE"))
    assert masked.transcript is not None
    texts = [segment.text for segment in masked.transcript.segments]
    assert texts[0] == TEXTS[0]
    assert texts[1:] == [" my number is [PHONE_1] yes", "so [PHONE_1], Nasimiyu-Otieno?",
                         "she is [AGE_1]"]  # fmt: skip
    for each in masked.entities:
        assert texts[each.segment][each.start : each.end] == each.text


def test_masking_twice_changes_no_text() -> None:
    once, twice = redacted(record()), redacted(redacted(record()))
    assert once.transcript is not None
    assert twice.transcript is not None
    assert twice.transcript.text == once.transcript.text
    assert (twice.entities, twice.risks, twice.summary) == (
        once.entities,
        once.risks,
        once.summary,
    )


@pytest.mark.parametrize("segment", [1, 9])
def test_what_is_no_longer_where_it_was_is_refused(segment: int) -> None:
    moved = replace(FOUND[0], segment=segment), replace(record().risks[0], segment=segment)
    for stale in (
        replace(record(), entities=moved[:1]),
        replace(record(), risks=moved[1:]),
    ):
        with pytest.raises(UsageError, match="segments changed") as refused:
            redacted(stale)
        assert "transcribe and diarize" in refused.value.hint


def test_a_sentence_that_rests_on_nothing_loses_the_words_too() -> None:
    put = Summary((Sentence("Otieno rang.", (77,)),), "llm")
    summary = redacted(replace(record(), summary=put)).summary
    assert summary is not None
    assert summary.text == "[NAME_1] rang."


def test_wherever_a_stretch_is_it_is_found_again() -> None:
    """Every stretch of a text: behind, before, in, over, and sharing an end with what is hidden."""
    text = "abcdefghijklmnop"
    named = [(1, 3, "[NAME_1]"), (3, 4, "[AGE_1]"), (6, 14, "[ID]")]
    hiding = {at: name for start, end, name in named for at in range(start, end)}
    masked = masking.masked_text(text, named)
    assert masked == "a[NAME_1][AGE_1]ef[ID]op"
    for start, end in combinations(range(len(text) + 1), 2):
        shown = [hiding.get(at, text[at]) for at in range(start, end)]
        kept = "".join(name for name, _ in groupby(shown))
        first, after = masking.moved(start, end, named)
        assert masked[first:after] == kept, (start, end)
