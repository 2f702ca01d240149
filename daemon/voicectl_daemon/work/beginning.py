"""Where the work on a recording begins: as far as the steps of its recipe have come before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from voicectl.errors import VoicectlError
from voicectl.types import Audio, CallRecord, Task
from voicectl_daemon import roles
from voicectl_daemon.books import Books
from voicectl_daemon.store import Kept
from voicectl_models import pool
from voicectl_recipes import again, dependence
from voicectl_recipes.load import CheckedStep, Plan


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of one recording before an order."""

    task: Task
    record: CallRecord
    marks: tuple[str, ...]
    """Of the steps; see `dependence.marks`."""
    readable: bool
    """True when something that this very recipe found is in the store."""
    borrowed: bool
    """True when another recipe has found what there is."""


class Beginnings:
    """Looks up what is known already; used by one hand."""

    def __init__(self, books: Books, models: Path) -> None:
        self._books = books
        self._models = models
        self._weights: tuple[str, list[list[str]]] = ("", [])
        """Of a job: for each step what it was planned with."""

    def of(self, tasks: Sequence[Task], plan: Plan, *, forced: bool) -> list[Beginning]:
        """Return where to go on with tasks of one job.

        That is where this very recipe stopped or, when nothing of it is kept, what another
        recipe found that was asked for the same. When the work is `forced`, only what this
        very job has found.
        """
        job = tasks[0].job
        calls = [task.call or "" for task in tasks]
        there = self._books.store.steps(calls, only_of=job if forced else None)
        if self._weights[0] != job:
            self._weights = (job, [_weights(step, self._models) for step in plan])
        return [self._of(task, plan, there, forced=forced) for task in tasks]

    def _of(self, task: Task, plan: Plan, there: Sequence[Kept], *, forced: bool) -> Beginning:
        audio = self._books.ledger.audio(task.id)
        marks = dependence.marks(plan, self._weights[1], roles.parties(audio))
        own = any(each.key == key_of(task) and each.done for each in there)
        record = self._books.drafts.record(task, only_of_job=forced)
        borrowed = None
        if record is None and own:
            record = self._kept(task, key_of(task))
        elif record is None and not forced:
            others = [each for each in there if each.call == task.call]
            best = max(others, key=lambda each: len(_same(plan, each, marks)), default=None)
            if best is not None and _same(plan, best, marks):
                borrowed = self._kept(task, best.key)
        if borrowed is not None:
            record = again.begun(plan, borrowed, marks)
        elif record is not None:
            record = again.begun(plan, record)
        else:
            record = CallRecord(task.call or "", task.tenant, audio, datetime.now(UTC))
        return Beginning(task, _here(record, audio), marks, own, borrowed is not None)

    def _kept(self, task: Task, key: str) -> CallRecord | None:
        return self._books.store.calls([(task.call or "", key)])[0]


def key_of(task: Task) -> str:
    """Return the key of the result of a task."""
    return task.key or task.id


def _same(plan: Plan, kept: Kept, marks: Sequence[str]) -> set[str]:
    return again.taken(plan, kept.done, marks)


def _weights(step: CheckedStep, models: Path) -> list[str]:
    """Return the digests of all weights that a step may use.

    One whose weights are gone since the job was planned will tell so itself.
    """
    try:
        wishes = step.stage.wishes(step.options)
        return [found.sha256 for wish in wishes for found in pool.candidates(wish, models)]
    except VoicectlError:
        return ["missing"]


def _here(record: CallRecord, audio: Audio) -> CallRecord:
    """Return a record with the recording as it is called now: that may be a copy of the first."""
    if not record.done:
        return replace(record, audio=audio)
    heard = replace(audio, seconds=record.audio.seconds, warnings=record.audio.warnings)
    return replace(record, audio=heard)
