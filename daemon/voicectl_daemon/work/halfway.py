"""Results of an order that have steps to come: known to the hand, and soon in the store."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from voicectl.errors import VoicectlError
from voicectl.types import CallRecord, Task
from voicectl_daemon.books import Books
from voicectl_daemon.work.beginning import Beginning, key_of
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
        self._plan: load.Plan = ()
        self._open: set[str] = set()
        """Tasks of which something is for all to read: it is in the store, or held."""
        self._held: dict[str, tuple[Task, CallRecord]] = {}
        """What is not in the store yet, by task."""
        self._secret: dict[str, tuple[Task, CallRecord]] = {}
        """What is still to be masked and not in the drafts yet."""
        self._originals: dict[str, bytes] = {}
        """What was masked, sealed, and is not in the store yet, by task."""
        self._since = 0.0
        """When the first of both came."""

    def begin(self, plan: load.Plan, beginnings: Sequence[Beginning]) -> None:
        """Forget an earlier order, and begin one."""
        self._plan = plan
        self._held.clear()
        self._secret.clear()
        self._originals.clear()
        self._open.clear()
        for each in beginnings:
            if each.readable:
                self._open.add(each.task.id)
            if each.borrowed:
                self.reached(each.task, each.record)

    def reached(self, task: Task, record: CallRecord) -> None:
        """Hold what a step has found, until it is due to be kept or the next step is done."""
        if record.transcript is None:
            return  # there is nothing yet that could be read
        if not self.holds:
            self._since = time.monotonic()
        if load.masks(self._plan) and all(step.stage != load.REDACT for step in record.done):
            self._secret[task.id] = (task, record)
        else:
            self._held[task.id] = (task, record)
            self._open.add(task.id)

    def masked(self, task: Task, original: bytes | None) -> None:
        """Hold what a step has masked and sealed, until its result is kept."""
        if original is not None:
            self._originals[task.id] = original

    @property
    def holds(self) -> bool:
        """True while something is not on disk yet."""
        return bool(self._held or self._secret)

    def due(self) -> bool:
        """True when what is held should be lost by nobody any more."""
        if not self.holds:
            return False
        both = (*self._held.values(), *self._secret.values())
        dear = any(record.done[-1].seconds >= WORTH_SECONDS for _, record in both)
        return dear or time.monotonic() - self._since >= WORTH_SECONDS

    def keep(self, whole: Mapping[str, tuple[Task, CallRecord]] = _NOTHING) -> None:
        """Write whole results, and with them what is held of others. Raises `DiskFull`.

        What is still to be masked goes to the drafts, where nobody reads it: a row that is
        replaced leaves its bytes in the store's file. It stays there while the masked one
        has steps to come that must read the words as they were said.
        """
        for id_, (task, record) in self._secret.items():
            if id_ not in whole:
                self._keep_secret(task, record)
        held = [kept for id_, kept in self._held.items() if id_ not in whole]
        both = (*held, *whole.values())
        if both:
            unfinished = {key_of(task): task.job for task, _ in held}
            originals = {
                key_of(task): self._originals[task.id]
                for task, _ in both
                if task.id in self._originals
            }
            records = {key_of(task): record for task, record in both}
            self._books.store.save_all(records, unfinished, originals)
        for task, record in both:
            self._originals.pop(task.id, None)
            if task.id in whole or again.begun(self._plan, record).done == record.done:
                self._books.drafts.drop(task)  # the work can go on with what is in the store
        self._held.clear()
        self._secret.clear()

    def _keep_secret(self, task: Task, record: CallRecord) -> None:
        try:
            self._books.drafts.keep_record(task, record)
        except VoicectlError as error:
            log.warning("%s", error.text)  # the work itself can go on

    def readable(self, task: Task) -> bool:
        """True when what was found so far is for all to read."""
        return task.id in self._open

    def let_go(self, task: Task) -> None:
        """Forget a task."""
        self._held.pop(task.id, None)
        self._secret.pop(task.id, None)
        self._originals.pop(task.id, None)
        self._open.discard(task.id)


def said_of(record: CallRecord) -> dict[str, object]:
    """Return what is told of a recording that is done."""
    transcript = record.transcript
    return {
        "took": round(sum(step.seconds for step in record.done), 3),
        "seconds": record.audio.seconds,
        "language": transcript.language if transcript else None,
        "model": transcript.model if transcript else None,
    }
