"""Runs a checked recipe over a call and stamps who did what."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from voicectl.errors import VoicectlError
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord, Done, Part, Segment
from voicectl_recipes.load import CheckedStep, Plan


def recipe_hash(plan: Plan) -> str:
    """Return a digest of every option that can change the result of a plan."""
    telling = [
        {
            "stage": step.stage.name,
            "options": {
                name: value
                for name, value in msgspec.to_builtins(step.options).items()
                if name not in step.stage.idle_options
            },
        }
        for step in plan
    ]
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
class Reached:
    """How far one record has come."""

    index: int
    """Which of the records."""
    record: CallRecord | None
    """As the last step that worked left it; None when a step failed just now."""
    error: VoicectlError | None = None
    whole: bool = False
    """True when no step is left."""


def run(plan: Plan, records: Sequence[CallRecord], tools: Tools) -> Iterator[Reached]:
    """Yield what became of each record after every step, as soon as it is known.

    Each step stamps the record with what did it and how long it took; time that
    several records were worked on together is shared out by their length. Steps
    that a record has been stamped with already are not taken again.
    """
    digest = recipe_hash(plan)
    waiting = dict(enumerate(records))
    for number, step in enumerate(plan):
        began = time.monotonic()
        indices = [index for index, record in waiting.items() if len(record.done) == number]
        among: Any = _Among(tools, indices)
        given = [waiting[index] for index in indices]
        for outcome in step.stage.run(given, step.options, among) if given else ():
            index = indices[outcome.index]
            if outcome.record is None:
                del waiting[index]
                yield Reached(index, None, outcome.error)
                continue
            took = (time.monotonic() - began) * _share(outcome.record, given) + outcome.earlier
            waiting[index] = _stamped(outcome, step, took, digest)
            yield Reached(index, waiting[index], whole=number == len(plan) - 1)


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


def _stamped(outcome: Outcome, step: CheckedStep, took: float, digest: str) -> CallRecord:
    assert outcome.record is not None  # noqa: S101, the caller looked
    done = Done(
        stage=step.stage.name,
        runner=outcome.runner,
        model=outcome.model,
        at=datetime.now(UTC),
        seconds=round(took, 3),
        recipe_hash=digest,
    )
    return replace(outcome.record, done=(*outcome.record.done, done))
