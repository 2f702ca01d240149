"""The values that travel: frozen, and the same after a journey as JSON."""

import dataclasses
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

import voicectl.types
from voicectl import parse
from voicectl.events import Event, EventKind
from voicectl.types import (
    Ask,
    Audio,
    CallRecord,
    Decoding,
    Done,
    Outputs,
    Segment,
    Source,
    TaskState,
    Transcript,
    Word,
)

WHEN = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
SAID = Segment(0, 0.5, 1.5, " Hello", words=(Word(0.5, 1.0, " Hello", 0.9),))
AUDIO = Audio("/a.wav", "a.wav", 2.0, 8000, 2, "pcm_mulaw", "sha")


def all_values() -> list[Any]:
    return [found for found in vars(voicectl.types).values() if dataclasses.is_dataclass(found)]


@pytest.mark.parametrize("kind", all_values(), ids=lambda kind: kind.__name__)
def test_values_are_frozen_and_slim(kind: Any) -> None:
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)
    assert kind.__doc__
    assert not kind.__doc__.startswith(kind.__name__ + "(")


@pytest.mark.parametrize(
    "value",
    [
        SAID,
        dataclasses.replace(SAID, decoding=Decoding(0, (1, 2), 0.0, -0.2, 1.1, 0.01)),
        CallRecord("id", "default", AUDIO, WHEN),
        CallRecord(
            "id", "default", AUDIO, WHEN, Transcript((SAID,), "en", "base"),
            (Done("transcribe", "faster-whisper", "base", WHEN, 1.0, "hash"),),
        ),
        Ask((Source("/a", "a"),), options={"transcribe": {"language": "en"}}),
        Outputs("/o", ("txt",), {"max_line_width": 40}),
        Event(EventKind.TASK_DONE, WHEN, "default", "j", "t", "c", {"seconds": 1.0}),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_survive_a_journey(value: Any) -> None:
    assert parse.json(msgspec.json.encode(value), type(value)) == value


def test_what_a_transcript_says() -> None:
    transcript = Transcript((SAID, dataclasses.replace(SAID, id=1, text="there. ")), "en", "base")
    assert transcript.text == "Hello there."


def test_states_that_are_final() -> None:
    assert {str(state) for state in TaskState if not state.final} == {"new", "queued", "running"}
    assert [state for state in TaskState if state.good] == [TaskState.DONE]
    assert [state for state in TaskState if state.kept] == [TaskState.DONE, TaskState.PARTIAL]


def test_every_start_has_an_end() -> None:
    kinds = {str(kind) for kind in EventKind}
    assert {"task.done", "task.failed", "task.cancelled", "job.finished"} <= kinds
