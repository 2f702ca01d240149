"""What a call is taken to mean, with the time of every word it rests on."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from voicectl.cli import meaning
from voicectl.types import Audio, CallRecord, Done, Segment, Transcript
from voicectl.understanding import Entity, Label, Risk, Score, Sentence, Summary, Verdict

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

AUDIO = Audio("/a.wav", "a.wav", 70.0, 8000, 1, "pcm_mulaw", "0" * 64)
TOLD = Transcript(
    (Segment(0, 1.0, 2.0, "he has a knife"), Segment(1, 62.5, 65.0, "my name is [NAME_1]")),
    "en",
    "tiny.en",
)
RECORD = CallRecord("c", "default", AUDIO, datetime(2026, 11, 21, tzinfo=UTC), TOLD)


def test_every_statement_names_its_time() -> None:
    known = replace(
        RECORD,
        risks=(Risk("weapon", "knife", 0, 9, 14, "en"),),
        labels=(Label("scheme", "violence", 0.815, (0, 1)),),
        summary=Summary((Sentence("he has a knife", (0,)),), "minilm"),
        scores=(
            Score("form", "opening", Verdict.PARTLY, (1,)),
            Score("form", "empathy", Verdict.NOT_ASSESSED, ()),
        ),
        entities=(Entity("NAME", "[NAME_1]", 1, 11, 19, 0.9),) * 2,
    )
    assert [(kind, text.plain, at) for kind, text, at in meaning.rows(known)] == [
        ("urgent", "knife  weapon", "0:01"),
        ("category", "violence  82 %", "0:01 1:02"),
        ("summary", "he has a knife", "0:01"),
        ("quality", "opening: partly", "1:02"),
        ("found", "[NAME_1]  name", "1:02"),
    ]


def test_nothing_is_said_of_a_call_of_which_nothing_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    meaning.tell(RECORD)
    assert capsys.readouterr().out == ""


def test_what_was_not_understood_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    languages = ("sw", "en", "sw", "la", "sw")
    said = tuple(Segment(at, at, at + 1, "la", language=each) for at, each in enumerate(languages))
    steps = (("transcribe", ()), ("classify", (0, 2, 3, 4)), ("summarize", (0, 2, 3, 4)))
    taken = tuple(
        Done(stage, "x", "y", RECORD.created, 0.1, "hash", unread) for stage, unread in steps
    )
    record = replace(RECORD, transcript=Transcript(said, "sw", "base"), done=taken)
    meaning.tell(record)
    told = capsys.readouterr()
    assert told.out == (
        "\nnot understood: 4 of 5 lines are Swahili, Latin, which classify, summarize cannot read\n"
    )
    assert "docs/recipes.md" in told.err
    meaning.tell(replace(record, done=taken[:1]))
    assert capsys.readouterr().out == ""


def test_control_characters_of_a_call_stay_there(capsys: pytest.CaptureFixture[str]) -> None:
    meaning.tell(replace(RECORD, summary=Summary((Sentence("a\x1b[31mb\n", (0,)),), "m")))
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.slow
def test_a_call_goes_through_the_whole_recipe_of_a_helpline(fresh: Cli) -> None:
    """Text, categories, quality, summary, and no name left in any of it."""
    done = fresh.run("run", "helpline", fresh.call, "-f", "json,txt")
    assert done.status == 0, done.stderr
    stem = fresh.folder / fresh.call.stem
    written = json.loads(stem.with_suffix(".json").read_text())
    stages = ["transcribe", "entities", "risk", "classify", "score", "summarize", "redact"]
    assert [step["stage"] for step in written["steps"]] == stages
    assert written["summary"]["sentences"]
    assert [score["name"] for score in written["scores"]][0] == "opening"
    places = {entity["text"] for entity in written["entities"] if entity["label"] == "PLACE"}
    assert places
    assert places <= {f"[PLACE_{number}]" for number in range(9)}
    text = stem.with_suffix(".txt").read_text()
    assert all(place in text for place in places)
    shown = fresh.run("calls", "show").stdout
    assert "summary" in shown
    found = fresh.run("sql", "select label, text from entities", "--json").json
    assert {row["text"] for row in found} == {entity["text"] for entity in written["entities"]}
