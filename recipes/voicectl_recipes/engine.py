"""Runs a checked recipe over calls, each as far as it comes, and stamps who did what."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec

from voicectl.errors import Cancelled, VoicectlError
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord, Done, Part, Segment
from voicectl_recipes import dependence
from voicectl_recipes.load import CheckedStep, Plan


def recipe_hash(plan: Plan) -> str:
    """Return a digest of every option that can change the result of a plan."""
    telling = [dependence.telling(step) for step in plan]
    return hashlib.sha256(msgspec.json.encode(telling, order="sorted")).hexdigest()


def weights(plan: Plan, resolve: Callable[[Wish], Sequence[str]]) -> list[str]:
    """Return the SHA-256 of all weights that a plan may use, sorted.

    `resolve` raises `ModelMissing` when a step wishes for what is not there.
    """
    wishes = [wish for step in plan for wish in step.stage.wishes(step.options)]
    return sorted({digest for wish in wishes for digest in resolve(wish)})


def result_key(
    tenant: str,
    sha256: str,
    plan_hash: str,
    weights_used: Sequence[str],
    parties: Sequence[object] = (),
) -> str:
    """Return the key under which the result for one recording is kept.

    Equal keys give equal results: same tenant, content, weights and options,
    and the same parties where they are known before anybody listens.
    """
    told = [list(parties)] if any(parties) else []
    telling = msgspec.json.encode([tenant, sha256, plan_hash, list(weights_used), *told])
    return hashlib.sha256(telling).hexdigest()


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of one record before a run."""

    marks: Sequence[str] = ()
    """With which its steps are stamped; see `dependence.marks`."""
    lost: Mapping[str, Exception] | None = None
    """Steps that are not taken, and why."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A step is taken now, for these of the records."""

    number: int
    indices: Sequence[int]


@dataclass(frozen=True, slots=True)
class Reached:
    """How far one record has come with a step that worked."""

    index: int
    """Which of the records."""
    record: CallRecord
    whole: bool = False
    """True when no step is left."""
    original: bytes | None = None
    """What one of the steps has masked, sealed."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Nothing more can be done for a record, and steps are left."""

    index: int
    number: int
    """The step that failed, the first where several did."""
    error: Exception
    """A `VoicectlError`, unless nobody foresaw it."""
    without: Sequence[str]
    """All the steps that were not taken."""


News: TypeAlias = Begun | Reached | Broken


def run(
    plan: Plan, records: Sequence[CallRecord], tools: Tools, before: Sequence[Before] = ()
) -> Iterator[News]:
    """Yield what becomes of each record, step by step, as soon as it is known.

    Each step stamps the record with what did it and how long it took; time that
    several records were worked on together is shared out by their length. Steps
    that a record has been stamped with already are not taken again. When one
    fails, those go on that do not need what it would have found. What a stage
    raises is the failure of a record that is alone in the step; of several
    nobody knows whose it is, and it is raised again.
    """
    ways = [
        _Way(plan, index, record, before[index] if before else Before())
        for index, record in enumerate(records)
    ]
    for way in ways:
        yield from way.end()
    for number, step in enumerate(plan):
        taking = [way for way in ways if step.stage.name in way.left]
        if not taking:
            continue
        yield Begun(number, [way.index for way in taking])
        began = time.monotonic()
        given = [way.record for way in taking]
        for outcome in _outcomes(step, taking, tools):
            way = taking[outcome.index]
            way.took(number, outcome, (time.monotonic() - began) * _share(way.record, given))
            if outcome.record is not None and way.without:
                yield way.reached()
            yield from way.end()


class _Way:
    """One record on its way through a plan."""

    def __init__(self, plan: Plan, index: int, record: CallRecord, before: Before) -> None:
        self.index = index
        self.record = record
        self._plan = plan
        self._names = dependence.stages(plan)
        self._marks = before.marks or [""] * len(plan)
        self._lost = dict(before.lost or {})
        self.left = self._left()
        """The steps that will still be taken, should none of them fail."""
        self._original: bytes | None = None

    def _left(self) -> list[str]:
        return dependence.possible(self._plan, self._done, self._lost)

    @property
    def _done(self) -> set[str]:
        return {step.stage for step in self.record.done}

    @property
    def without(self) -> list[str]:
        """The steps that were not taken, in order."""
        return [name for name in self._names if name not in self._done]

    def took(self, number: int, outcome: Outcome, seconds: float) -> None:
        """Note what a step made of the record."""
        step = self._plan[number]
        if outcome.record is None:
            self._lost[step.stage.name] = outcome.error or VoicectlError("it gave no reason")
        else:
            took = seconds + outcome.earlier
            self.record = _stamped(outcome, step, took, self._marks[number])
            self._original = outcome.original or self._original
        self.left = self._left()

    def reached(self, *, whole: bool = False) -> Reached:
        """Return how far it has come; an original is handed over once."""
        original, self._original = self._original, None
        return Reached(self.index, self.record, whole, original)

    def end(self) -> Iterator[News]:
        """Yield how it ended when nothing is left to do."""
        if self.left:
            return
        without = self.without
        if not without:
            yield self.reached(whole=True)
            return
        first = next(name for name in without if name in self._lost)
        yield Broken(self.index, self._names.index(first), self._lost[first], without)


def _outcomes(step: CheckedStep, taking: Sequence[_Way], tools: Tools) -> Iterator[Outcome]:
    """Yield an outcome for every record."""
    among: Any = _Among(tools, [way.index for way in taking])
    open_ = dict.fromkeys(range(len(taking)))
    try:
        for outcome in step.stage.run([way.record for way in taking], step.options, among):
            open_.pop(outcome.index, None)
            yield outcome
    except (Cancelled, MemoryError):
        raise
    except Exception as error:
        if len(taking) > 1 or not open_:
            raise
        yield Outcome(0, error=error)
        return
    for index in open_:
        yield Outcome(index, error=VoicectlError("it came to its end without a result"))


class _Among:
    """The tools of a step that is given only some of the records."""

    def __init__(self, tools: Tools, indices: Sequence[int]) -> None:
        self._tools = tools
        self._indices = indices

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tools, name)

    def segment(self, record: int, segment: Segment) -> None:
        self._tools.segment(self._indices[record], segment)

    def progress(self, record: int, seconds: float) -> None:
        self._tools.progress(self._indices[record], seconds)

    def keep(self, record: int, part: Part) -> None:
        self._tools.keep(self._indices[record], part)

    def kept(self, record: int) -> Sequence[Part]:
        return self._tools.kept(self._indices[record])


def _share(record: CallRecord, all_records: Sequence[CallRecord]) -> float:
    whole = sum(other.audio.seconds for other in all_records)
    return record.audio.seconds / whole if whole and len(all_records) > 1 else 1.0


def _stamped(outcome: Outcome, step: CheckedStep, took: float, mark: str) -> CallRecord:
    assert outcome.record is not None  # noqa: S101, the caller looked
    done = Done(
        stage=step.stage.name,
        runner=outcome.runner,
        model=outcome.model,
        at=datetime.now(UTC),
        seconds=round(took, 3),
        recipe_hash=mark,
        unread=outcome.unread,
    )
    return replace(outcome.record, done=(*outcome.record.done, done))
