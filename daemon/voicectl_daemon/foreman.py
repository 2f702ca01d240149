"""Hands out the work: wakes workers, stops them, and rings again when a bell was lost."""

from __future__ import annotations

import contextlib
import logging
import threading
from pathlib import Path

from voicectl.config import Workers
from voicectl.errors import DiskFull, VoicectlError, WorkerDied
from voicectl.types import Task, WorkerStatus
from voicectl_daemon import unforeseen
from voicectl_daemon.books import Books
from voicectl_daemon.hand import FULL_DISK_SECONDS, Hand, Leaving
from voicectl_daemon.ledger import Together
from voicectl_daemon.queue import Bell

STOP_SECONDS = 10.0
"""How long hands may take to put down what they hold."""

log = logging.getLogger(__name__)


class Foreman:
    """All the workers of a daemon."""

    def __init__(self, books: Books, settings: Workers, models_folder: str, bell: Path) -> None:
        self._books = books
        self._settings = settings
        self._hands = [Hand(books, settings, models_folder) for _ in range(settings.count)]
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
        with self._picking:
            idle = [hand for hand in self._free if hand.idle_too_long]
            if not idle or self._something_waits():
                return
            self._free = [hand for hand in self._free if hand not in idle]
        for hand in idle:
            hand.dismiss()
        with self._picking:
            self._free += idle
        if self._something_waits():
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
        try:
            while tasks := self._claim(hand):
                hand.work(tasks)
        except Leaving:
            return
        except VoicectlError as error:
            log.warning("%s", error.text)
        except Exception as error:  # noqa: BLE001, the hand is woken again
            unforeseen.write(log, "a hand fell still and is woken again", error)
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
