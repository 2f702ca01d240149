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
from voicectl_recipes import again, dependence, engine
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
    reads: ClassVar[frozenset[str]] = frozenset({"transcript"})

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
    reads = {"audio"} if name == "hear" else {"transcript"}
    kind = type(
        name, (Plain,), {"name": name, "fills": frozenset(fills), "reads": frozenset(reads)}
    )
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


def told(news: engine.News) -> tuple[Any, ...]:
    if isinstance(news, engine.Begun):
        return ("begun", THREE[news.number].stage.name, list(news.indices))
    if isinstance(news, engine.Broken):
        return ("broken", news.index, THREE[news.number].stage.name, list(news.without))
    return (news.index, taken(news.record), news.whole)


def taken(record: CallRecord) -> list[str]:
    return [step.stage for step in record.done]


def test_every_step_is_told_of_and_what_does_not_need_a_failed_one_goes_on() -> None:
    tools: Any = Told()
    records = [record("bad at sort"), record("bad at hear"), record("old", "hear", "sort")]
    assert [told(news) for news in engine.run(THREE, records, tools)] == [
        ("begun", "hear", [0, 1]),
        (0, ["hear"], False),
        ("broken", 1, "hear", ["hear", "sort", "sum"]),
        ("begun", "sort", [0]),
        ("begun", "sum", [0, 2]),
        (0, ["hear", "sum"], False),
        ("broken", 0, "sort", ["sort"]),
        (2, ["hear", "sort", "sum"], True),
    ]
    assert tools.progress_of == [0, 1, 0, 0, 2], "a step tells of its own records"
    assert tools.kept_of == [(index, index) for index in tools.progress_of]


def test_what_was_taken_before_or_is_given_up_is_not_taken() -> None:
    tools: Any = Told()
    whole = record("a", "hear", "sort", "sum")
    assert list(engine.run(THREE, [whole], tools)) == [engine.Reached(0, whole, whole=True)]
    error = RecordingError("it hung")
    before = [engine.Before(("1", "2", "3"), {"sort": error})]
    *_, last, end = engine.run(THREE, [record("a")], tools, before)
    assert isinstance(last, engine.Reached)
    assert [(step.stage, step.recipe_hash) for step in last.record.done] == [
        ("hear", "1"),
        ("sum", "3"),
    ]
    assert end == engine.Broken(0, 1, error, ["sort"])


@pytest.mark.parametrize("error", [LookupError("?"), RecordingError("bad")])
def test_what_a_stage_raises_is_the_failure_of_the_one_record_it_had(error: Exception) -> None:
    class Raises(Plain):
        name = "raises"

        def run(self, *_: Any) -> Iterator[Outcome]:
            raise error

    plan = (THREE[0], CheckedStep(Raises(), NoOptions()), THREE[2])
    tools: Any = Told()
    *_, last, end = engine.run(plan, [record("a")], tools)
    assert isinstance(last, engine.Reached)
    assert taken(last.record) == ["hear", "sum"]
    assert end == engine.Broken(0, 1, error, ["raises"])
    with pytest.raises(type(error)):
        list(engine.run(plan, [record("a"), record("b")], tools))


def test_a_stage_that_forgets_a_record() -> None:
    class Forgets(Plain):
        name = "forgets"

        def run(self, *_: Any) -> Iterator[Outcome]:
            return iter(())

    tools: Any = Told()
    *_, end = engine.run((CheckedStep(Forgets(), NoOptions()),), [record("a", "hear")], tools)
    assert isinstance(end, engine.Broken)
    assert "without a result" in str(end.error)


MASKING: Plan = (*THREE, step("mask", "transcript", "summary"))


@pytest.mark.parametrize(
    ("done", "stay"),
    [
        ("hear sort sum mask", "hear sort sum mask"),
        ("hear sort", "hear sort"),
        ("sort", ""),
        ("hear sum", "hear sum"),
        ("hear sort mask", ""),
        ("hear sum mask", ""),
        ("hear sort foreign", ""),
    ],
)
def test_only_what_nothing_has_changed_since_is_gone_on_with(done: str, stay: str) -> None:
    """What is masked is not gone on with as if it had been said so."""
    labels = (Label("s", "n", 1.0, ()),)
    kept = record("a", *done.split(), transcript=Transcript((), None, "m"), labels=labels)
    back = again.begun(MASKING, kept)
    assert taken(back) == stay.split()
    assert (back.transcript is not None) == ("hear" in stay)
    assert back.labels == (labels if "sort" in stay else ())


def test_what_another_recipe_found_for_the_same_question() -> None:
    weights: list[list[str]] = [["a"], [], ["b"], []]
    marks = dependence.marks(MASKING, weights)
    done = tuple(
        replace(step, recipe_hash=mark)
        for step, mark in zip(record("a", "hear", "sort", "sum").done, marks, strict=False)
    )
    assert again.taken(MASKING, done, marks) == {"hear", "sort", "sum"}
    assert again.taken(THREE, done, marks[:3]) == {"hear", "sort", "sum"}
    other_sum = dependence.marks(MASKING, [*weights[:2], ["c"], []])
    assert again.taken(MASKING, done, other_sum) == {"hear", "sort"}
    other_words = dependence.marks(MASKING, [["c"], *weights[1:]])
    assert again.taken(MASKING, done, other_words) == set()
    of_a_party = dependence.marks(MASKING, weights, ("inbound",))
    assert again.taken(MASKING, done, of_a_party) == set()
    masked = (*done, Done("mask", "", "", WHEN, 1.0, marks[3]))
    assert again.taken(MASKING, masked, marks) == {"hear", "sort", "sum", "mask"}
    gone = {"hear", "sort", "sum"}
    assert not gone & again.taken(THREE, masked, marks[:3]), "masked words are not taken"


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
