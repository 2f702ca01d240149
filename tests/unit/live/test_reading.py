"""Turns as the stages of recipes read them, and what is told of what they found."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from voicectl.live import CallState, LiveCall, LiveTurn, LiveView, Moment
from voicectl.translated import TranslatedSegment, Translation
from voicectl.understanding import Entity, Label, Risk
from voicectl_daemon.analysis import chosen, reading
from voicectl_recipes.load import Shelf, check

TURNS = (
    LiveTurn("0-0", 0, 0.0, 2.0, "Hola", final=True, language="es", speaker="caller"),
    LiveTurn("1-0", 1, 2.5, 4.0, "Thank you for watching!", final=True, suspect="phrase"),
    LiveTurn("0-1", 0, 5.0, 7.0, "I am Maria", final=True, language="en", speaker="caller"),
    LiveTurn("1-1", 1, 8.0, 9.0, "Maria", final=False, language="en"),
)
VIEW = LiveView(
    LiveCall(
        id="c",
        tenant="default",
        line="pbx",
        state=CallState.CONVERSING,
        started=datetime.now(UTC),
        channel="",
        legs=("caller", "agent"),
        seconds=9.5,
        language="es",
    ),
    TURNS,
)


def test_what_is_over_and_was_probably_said_is_read() -> None:
    said = reading.readable(TURNS)
    assert [turn.id for turn in said] == ["0-0", "0-1"]
    record = reading.record(VIEW, said)
    assert record.transcript is not None
    assert [each.id for each in record.transcript.segments] == [0, 1]
    assert [each.language for each in record.transcript.segments] == ["es", "en"]
    assert record.transcript.segments[1].channel == 0


def test_what_was_found_names_turns() -> None:
    said = reading.readable(TURNS)
    found = replace(
        reading.record(VIEW, said),
        entities=(Entity("NAME", "Maria", 1, 5, 10, 0.9),),
        labels=(Label("s", "names", 0.7, (1, 0)),),
        risks=(Risk("weapon", "am", 1, 2, 4, "en"),),
        translation=Translation("en", (TranslatedSegment(0, "Hello"),), "r", "m"),
    )
    told = reading.analysis(found, said, None, ["the moon is in the way"])
    assert (told.turns, told.seconds) == (2, 7.0)
    assert told.entities[0].turn == told.risks[0].turn == "0-1"
    assert told.labels[0].turns == ("0-1", "0-0")
    assert [(each.turn, each.text) for each in told.translation] == [("0-0", "Hello")]
    assert told.unable == ("the moon is in the way",)


def test_the_history_tells_how_the_category_moved() -> None:
    said = reading.readable(TURNS)
    told = None
    for name, score in (("a", 0.5), ("a", 0.5), ("a", 0.6), ("b", 0.9), (None, 0.0)):
        labels = (Label("s", name, score, (0,)),) if name else ()
        record = replace(reading.record(VIEW, said), labels=labels)
        told = reading.analysis(record, said, told, ())
    assert told is not None
    assert told.history == (
        Moment(7.0, "a", 0.5),
        Moment(7.0, "a", 0.6),
        Moment(7.0, "b", 0.9),
        Moment(7.0, None, 0.0),
    )


def test_steps_that_need_the_recording_or_all_of_the_call_wait_for_its_end() -> None:
    def names(recipe: str) -> list[str]:
        plan = reading.steps(check(Shelf(Path("nowhere")).find(recipe)))
        return [step.stage.name for step in plan]

    assert names("helpline") == ["entities", "risk", "classify"]
    assert names("transcribe") == []
    assert names("translate") == ["translate"]
    plan = reading.steps(check(Shelf(None).find("helpline")))
    assert [step.stage.name for step in chosen.urgent(plan)] == ["risk"]
    assert chosen.of_text(reading.steps(check(Shelf(None).find("translate")))) == ()
