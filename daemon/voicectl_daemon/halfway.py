"""Results of an order that have steps to come: known to the hand, and soon in the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

from voicectl.errors import VoicectlError
from voicectl.types import Audio, CallRecord, Task
from voicectl_daemon.books import Books
from voicectl_recipes import again, load

WORTH_SECONDS = 1.0
"""A step that took so long is kept at once. What went faster may wait as long for the next step:
then it need not be written twice."""
log = logging.getLogger(__name__)

_NOTHING: Mapping[str, tuple[Task, CallRecord]] = MappingProxyType({})


class Halfway:
    """What the steps of an order have found so far; used by one hand."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._stages: list[str] = []
        self._taken: dict[str, int] = {}
        """How many steps were taken, by task."""
        self._held: dict[str, tuple[Task, CallRecord]] = {}
        """What is not in the store yet, by task."""
        self._since = 0.0
        """When the first of it came."""

    def begin(self, tasks: Sequence[Task], steps: bytes, *, forced: bool) -> tuple[CallRecord, ...]:
        """Return what is known of each recording before an order: as far as its steps have come.

        When the work is `forced`, only what this very job has found.
        """
        self._held.clear()
        self._taken.clear()
        plan = load.from_wire(steps)
        self._stages = again.stages(plan)
        wanted = [(task.call or "", _key(task)) for task in tasks]
        only_of = tasks[0].job if forced else None
        kept = self._books.store.unfinished(wanted, only_of=only_of)
        records = []
        for task in tasks:
            audio = self._books.ledger.audio(task.id)
            secret = self._books.drafts.record(task, only_of_job=forced)
            record = again.begun(plan, secret or kept.get(_key(task)) or _blank(task, audio))
            self._taken[task.id] = len(record.done)
            records.append(_where_it_lies(record, audio))
        return tuple(records)

    def reached(self, task: Task, record: CallRecord) -> None:
        """Hold what a step has found, until it is due to be kept or the next step is done."""
        if record.transcript is None:
            return  # there is nothing yet that could be read
        if not self._held:
            self._since = time.monotonic()
        self._taken[task.id] = len(record.done)
        self._held[task.id] = (task, record)

    @property
    def holds(self) -> bool:
        """True while something is not in the store yet."""
        return bool(self._held)

    def due(self) -> bool:
        """True when what is held should be lost by nobody any more."""
        if not self._held:
            return False
        dear = any(record.done[-1].seconds >= WORTH_SECONDS for _, record in self._held.values())
        return dear or time.monotonic() - self._since >= WORTH_SECONDS

    def keep(self, whole: Mapping[str, tuple[Task, CallRecord]] = _NOTHING) -> None:
        """Write whole results, and with them what is held of others. Raises `DiskFull`.

        What is still to be masked goes to the drafts, where nobody reads it: a row that is
        replaced leaves its bytes in the store's file.
        """
        held = {task: kept for task, kept in self._held.items() if task not in whole}
        secret = [kept for task, kept in held.items() if self._secret(task)]
        open_ = [kept for task, kept in held.items() if not self._secret(task)]
        for task, record in secret:
            try:
                self._books.drafts.keep_record(task, record)
            except VoicectlError as error:
                log.warning("%s", error.text)  # the work itself can go on
        both = (*open_, *whole.values())
        if both:
            unfinished = {_key(task): task.job for task, _ in open_}
            self._books.store.save_all({_key(task): record for task, record in both}, unfinished)
        for task, _ in both:
            self._books.drafts.drop(task)  # what is in the store needs no draft, whatever comes now
        self._held.clear()

    def at(self, task: Task) -> str | None:
        """Return the step a task is at, when something that is kept was found before it."""
        taken = self._taken.get(task.id, 0)
        return self._stages[taken] if 0 < taken < len(self._stages) else None

    def readable(self, task: Task) -> bool:
        """True when what was found so far is in the store, for all to read."""
        return self.at(task) is not None and not self._secret(task.id)

    def _secret(self, task: str) -> bool:
        return load.REDACT in self._stages[self._taken[task] :]

    def let_go(self, task: Task) -> None:
        """Forget a task."""
        self._held.pop(task.id, None)
        self._taken.pop(task.id, None)


def said_of(record: CallRecord) -> dict[str, object]:
    """Return what is told of a recording that is done."""
    transcript = record.transcript
    return {
        "took": round(sum(step.seconds for step in record.done), 3),
        "seconds": record.audio.seconds,
        "language": transcript.language if transcript else None,
        "model": transcript.model if transcript else None,
    }


def _key(task: Task) -> str:
    return task.key or task.id


def _blank(task: Task, audio: Audio) -> CallRecord:
    return CallRecord(task.call or "", task.tenant, audio, datetime.now(UTC))


def _where_it_lies(record: CallRecord, audio: Audio) -> CallRecord:
    """Return a record with the recording as it is called now: that may be a copy of the first."""
    if not record.done:
        return replace(record, audio=audio)
    return replace(record, audio=replace(record.audio, path=audio.path, name=audio.name))
