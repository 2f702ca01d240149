"""A call in another language, from the command line: beside its own words it stands in English."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import CALL

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SPANISH = CALL.with_name("call_es_0_2ch_mulaw.wav")
FUNERAL = 6.2
"""Where a sentence of seven seconds begins, of the caller."""


def spanish(cli: Cli, start: float, seconds: float) -> Path:
    """Cut a stretch out of the Spanish call, which has two channels of mu-law."""
    whole = SPANISH.read_bytes()
    begin = whole.index(b"data") + 8
    first = begin + 2 * int(start * 8000)
    data = whole[first : first + 2 * int(seconds * 8000)]
    head = bytearray(whole[:begin])
    head[4:8] = (len(head) - 8 + len(data)).to_bytes(4, "little")
    head[begin - 4 : begin] = len(data).to_bytes(4, "little")
    target = cli.folder / "spanish.wav"
    target.write_bytes(bytes(head) + data)
    return target


def test_a_call_in_spanish_is_read_and_found_in_english(fresh: Cli) -> None:
    call = spanish(fresh, FUNERAL, 7.0)
    given = ("--set", "transcribe.language=es", "-f", "srt,txt,json")
    done = fresh.run("run", "translate", call.name, *given)
    assert done.status == 0, done.stderr
    assert {line.rpartition(".wav")[0] or line for line in done.stdout.splitlines()} == {
        "spanish.srt", "spanish.txt", "spanish.json", "spanish.en.srt", "spanish.en.txt",
    }  # fmt: skip
    told = json.loads((fresh.folder / "spanish.json").read_text())
    english = told["translation"]
    assert (told["language"], english["language"]) == ("es", "en")
    assert "funeral" in told["text"]
    texts = [each["text"] for each in english["segments"]]
    assert "people" in " ".join(texts)
    assert [each["segment"] for each in english["segments"]] == [s["id"] for s in told["segments"]]
    here, there = ((fresh.folder / f"spanish{end}").read_text() for end in (".srt", ".en.srt"))
    assert here.count("-->") == there.count("-->")
    assert [line for line in here.splitlines() if "-->" in line] == [
        line for line in there.splitlines() if "-->" in line
    ]
    shown = fresh.run("calls", "show").stdout.splitlines()
    line = next(at for at, text in enumerate(shown) if texts[0] in text)
    assert "-->" in shown[line - 1], "it stands under its segment"
    (hit, *_) = fresh.run("calls", "search", "people", "--json").json
    assert "people" in hit["text"]
    exported = fresh.run("calls", "export", "last", "-f", "md", "-o", "out")
    assert exported.stdout.splitlines() == [
        str(fresh.folder / "out" / f"spanish{end}") for end in (".md", ".en.md")
    ]
    again = fresh.run("run", "translate", call.name, *given)
    assert again.status == 0
    assert "skipped" in again.stderr or "already" in again.stderr


def test_languages_that_nobody_translates_are_told_before_any_work(fresh: Cli) -> None:
    fresh.clip("call.wav", 0.0, 3.0)
    for change, reason in (
        ("translate.target=fr", "translates to 'fr'"),
        ("translate.model=nowhere", "no weights in the folder"),
        ("translate.backend=firefx", "did you mean 'firefox'"),
        ("translate.target=french", "translate"),
    ):
        refused = fresh.run("run", "translate", "call.wav", "--set", change)
        assert refused.status in (2, 4), refused.stderr
        assert reason in refused.stderr
