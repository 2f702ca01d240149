"""A recipe step by step: who takes which step, where one goes on, where one can go back to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest

from voicectl.errors import RecordingError, UsageError
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import Audio, CallRecord, Done, Part, Segment, Transcript
from voicectl.understanding import Label, Sentence, Summary
from voicectl_recipes import again, engine
from voicectl_recipes.load import CheckedStep, Plan

WHEN = datetime(2026, 11, 21, tzinfo=UTC)


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing can be asked of it."""


class Plain:
    """A stage that tells of every record it is given, and fails for those named `bad`."""

    name: ClassVar[str] = "plain"
    options: ClassVar[type[NoOptions]] = NoOptions
    idle_options: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"labels"})

    def wishes(self, options: NoOptions) -> tuple[Wish, ...]:
        return ()

    def run(
        self, records: Sequence[CallRecord], options: NoOptions, tools: Tools
    ) -> Iterator[Outcome]:
        for index, record in enumerate(records):
            tools.progress(index, 1.0)
            tools.keep(index, Part(0.0, 1.0, tuple(tools.kept(index)[0].segments), 0.0, {}))
            if record.id == f"bad at {self.name}":
                yield Outcome(index, error=RecordingError("bad"))
            else:
                yield Outcome(index, record, runner=self.name)


def step(name: str, *fills: str) -> CheckedStep:
    kind = type(name, (Plain,), {"name": name, "fills": frozenset(fills)})
    return CheckedStep(kind(), NoOptions())


class Told:
    """Tools that remember of which record they were told what."""

    def __init__(self) -> None:
        self.progress_of: list[int] = []
        self.kept_of: list[tuple[int, int]] = []

    def progress(self, record: int, seconds: float) -> None:
        self.progress_of.append(record)

    def keep(self, record: int, part: Part) -> None:
        self.kept_of.append((record, part.segments[0].id))

    def kept(self, record: int) -> Sequence[Part]:
        return (Part(0.0, 1.0, (Segment(record, 0.0, 1.0, "said"),), 0.0, {}),)


def record(name: str, *taken: str, **more: Any) -> CallRecord:
    audio = Audio("/a.wav", "a.wav", 2.0, 8000, 1, "pcm", "sha")
    done = tuple(Done(stage, "", "", WHEN, 1.0, "hash") for stage in taken)
    return replace(CallRecord(name, "default", audio, WHEN, done=done), **more)


THREE: Plan = (step("hear", "transcript"), step("sort", "labels"), step("sum", "summary"))


def test_every_step_is_told_of_and_the_last_makes_it_whole() -> None:
    tools: Any = Told()
    records = [record("bad at sort"), record("new"), record("old", "hear", "sort")]
    told = [
        (reached.index, len(reached.record.done) if reached.record else None, reached.whole)
        for reached in engine.run(THREE, records, tools)
    ]
    assert told == [
        (0, 1, False),
        (1, 1, False),
        (0, None, False),
        (1, 2, False),
        (1, 3, True),
        (2, 3, True),
    ]
    assert tools.progress_of == [0, 1, 0, 1, 1, 2], "a step tells of its own records"
    assert tools.kept_of == [(index, index) for index in tools.progress_of]


def test_a_record_goes_on_only_with_its_own_recipe() -> None:
    heard = record("a", "hear", "sort", labels=(Label("s", "n", 1.0, ()),))
    assert again.begun(THREE, heard) == heard
    for other in (record("a", "sort"), record("a", "hear", "sum"), record("a")):
        full = replace(other, labels=heard.labels, transcript=Transcript((), None, "m"))
        assert again.begun(THREE, full) == record("a")


def test_back_to_a_step() -> None:
    transcript, labels = Transcript((), "en", "m"), (Label("s", "n", 1.0, ()),)
    summary = Summary((Sentence("Said.", ()),), "m")
    whole = record("a", "hear", "sort", "sum")
    whole = replace(whole, transcript=transcript, labels=labels, summary=summary)
    assert again.back_to(THREE, whole, "sum") == replace(whole, summary=None, done=whole.done[:2])
    back = again.back_to(THREE, whole, "sort")
    assert back == replace(whole, summary=None, labels=(), done=whole.done[:1])
    assert again.back_to(THREE, back, "sum") == back, "it did not come so far"
    bare = again.back_to(THREE, whole, "hear")
    assert (bare.transcript, bare.labels, bare.done) == (transcript, (), ())
    with pytest.raises(UsageError, match="no step 'hum'") as refused:
        again.back_to(THREE, whole, "hum")
    assert refused.value.hint == "its steps are: hear, sort, sum"


def test_there_is_no_way_back_behind_what_was_changed() -> None:
    plan = (*THREE[:2], step("mask", "transcript"), THREE[2])
    whole = record("a", "hear", "sort", "mask", "sum")
    for stage in ("sort", "mask"):
        with pytest.raises(UsageError, match=f"back to '{stage}': 'mask' has changed") as refused:
            again.back_to(plan, whole, stage)
        assert "begin again at 'hear'" in refused.value.hint
    assert len(again.back_to(plan, whole, "sum").done) == 3
    assert again.back_to(plan, whole, "hear").done == ()
    failed = record("a", "hear", "sort")
    assert len(again.back_to(plan, failed, "sort").done) == 1, "nothing was masked yet"
