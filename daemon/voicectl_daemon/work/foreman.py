"""Hands out the work: wakes workers, stops them, and rings again when a bell was lost."""

from __future__ import annotations

import contextlib
import logging
import operator
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from voicectl.config import Workers
from voicectl.errors import DiskFull, WorkerDied
from voicectl.types import Task, WorkerStatus
from voicectl_daemon import unforeseen
from voicectl_daemon.books import Books
from voicectl_daemon.ledger import Together
from voicectl_daemon.work.hand import Hand
from voicectl_daemon.work.held import FULL_DISK_SECONDS, Leaving
from voicectl_daemon.work.queue import Bell

SILENT_SECONDS = 20.0
STOP_SECONDS = 10.0
"""How long hands may take to put down what they hold."""

log = logging.getLogger(__name__)


class Foreman:
    """All the workers of a daemon."""

    def __init__(
        self, books: Books, settings: Workers, models_folder: str, bell: Path, *, yields: bool
    ) -> None:
        """`yields`: workers give way to calls in progress."""
        self._books = books
        self._settings = settings
        self._hands = [
            Hand(books, settings, models_folder, yields=yields) for _ in range(settings.count)
        ]
        self._free = list(self._hands)
        self._picking = threading.Lock()
        self._stopping = threading.Event()
        self._bell = Bell(bell, settings.count, self._answer)

    def start(self) -> None:
        """Take up whatever an earlier daemon left, and listen for the bell."""
        self._put_back_all()
        self._bell.start()
        self.ring("sweep")

    def stop(self) -> None:
        """Put everything down; what was running is queued again."""
        self._stopping.set()
        for hand in self._hands:
            hand.quit()
        self._bell.stop(STOP_SECONDS)
        for hand in self._hands:
            hand.dismiss()
        with contextlib.suppress(DiskFull):
            self._put_back_all()

    def ring(self, job: str) -> None:
        """Say that there is work."""
        for _ in self._hands:
            self._bell.ring(job)

    def warm(self) -> None:
        """Start one worker while the recordings are still being looked at."""
        with contextlib.suppress(WorkerDied):
            self._hands[0].warm()

    def status(self) -> tuple[WorkerStatus, ...]:
        """Return how each worker is."""
        return tuple(hand.status() for hand in self._hands)

    def silent(self) -> int:
        """Return how many workers hold work and say nothing: each gives signs of life."""
        return sum(hand.silent_for() > SILENT_SECONDS for hand in self._hands)

    def cancel(self, job: str) -> None:
        """Cancel what is not finished of a job."""
        self._books.end(lambda: self._books.ledger.cancel(job))

    def sweep(self) -> None:
        """Put back what was claimed and forgotten, and ring for what waits."""
        held = {task for hand in self._hands for task in hand.held}
        lease = self._settings.lease_seconds
        self._books.end(lambda: self._books.ledger.sweep(lease, held=held))
        if self._books.ledger.counts().get("queued"):
            self.ring("sweep")

    def let_go(self) -> None:
        """End workers that have been idle for too long; none while something waits to be done."""
        if not any(hand.idle_too_long for hand in self._hands) or self._something_waits():
            return
        with self._taken(lambda hand: hand.idle_too_long) as idle:
            for hand in idle:
                hand.dismiss()

    def ask(self, word: str, stopping: threading.Event, *, fresh: bool) -> bool:
        """Have every worker that is idle say a word; True when one did.

        With `fresh` one is started for it where there is none. Raises `WorkerDied`.
        """
        said = False
        there = [hand for hand in self._hands if hand.started]
        for each in there or self._hands[:fresh]:
            with self._taken(partial(operator.is_, each)) as idle:
                for hand in idle:
                    hand.ask(word, stopping)
                    said = True
                    if not there:
                        hand.dismiss()
        return said

    @contextlib.contextmanager
    def _taken(self, wanted: Callable[[Hand], bool]) -> Iterator[list[Hand]]:
        """Keep some of the free hands from work meanwhile."""
        with self._picking:
            taken = [hand for hand in self._free if wanted(hand)]
            self._free = [hand for hand in self._free if hand not in taken]
        try:
            yield taken
        finally:
            with self._picking:
                self._free += taken
            if taken and self._something_waits():
                self.ring("sweep")  # the bell may have rung for one of them

    def _something_waits(self) -> bool:
        counts = self._books.ledger.counts()
        return bool(counts.get("new") or counts.get("queued"))

    def _put_back_all(self) -> None:
        self._books.end(lambda: self._books.ledger.sweep(self._settings.lease_seconds))

    def _answer(self) -> None:
        """Work until there is nothing left. Called by the bell, in a thread of its own."""
        hand = self._take_hand()
        if hand is None:
            return
        still = "a hand fell still and is woken again"
        try:
            with unforeseen.survived(log, still), contextlib.suppress(Leaving):
                while tasks := self._claim(hand):
                    hand.work(tasks)
        finally:
            with self._picking:
                self._free.append(hand)

    def _take_hand(self) -> Hand | None:
        """Return the free hand whose models are loaded, if there is one."""
        with self._picking:
            self._free.sort(key=lambda hand: hand.status().memory)
            return self._free.pop() if self._free else None

    def _claim(self, hand: Hand) -> list[Task]:
        ledger, lease = self._books.ledger, self._settings.lease_seconds
        while not self._stopping.is_set():
            try:
                first = ledger.claim(hand.owner, lease)
            except DiskFull:
                self._stopping.wait(FULL_DISK_SECONDS)
                continue
            if first is None:
                return []
            with contextlib.suppress(DiskFull):
                return [first, *ledger.claim_more(first, hand.owner, lease, Together())]
            return [first]
        return []
