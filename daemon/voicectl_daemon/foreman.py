"""Hands out the work: wakes workers, stops them, and rings again when a bell was lost."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from voicectl.config import Workers
from voicectl.errors import DiskFull
from voicectl.types import Task, WorkerStatus
from voicectl_daemon import bus
from voicectl_daemon.hand import Books, Hand
from voicectl_daemon.queue import Bell

FULL_DISK_SECONDS = 2.0
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
        self._books.ledger.sweep(everything=True)
        self._bell.start()
        self.ring("sweep")

    def stop(self) -> None:
        """Put everything down; what was running is queued again."""
        self._stopping.set()
        for hand in self._hands:
            hand.quit()
        self._bell.stop(STOP_SECONDS)
        self._books.ledger.sweep(everything=True)

    def ring(self, job: str) -> None:
        """Say that there is work."""
        for _ in self._hands:
            self._bell.ring(job)

    def warm(self) -> None:
        """Start one worker while the recordings are still being looked at."""
        self._hands[0].warm()

    def status(self) -> tuple[WorkerStatus, ...]:
        """Return how each worker is."""
        return tuple(hand.status() for hand in self._hands)

    def let_go(self, tasks: list[Task]) -> None:
        """Stop working on these."""
        for hand in self._hands:
            for task in tasks:
                if hand.task is not None and hand.task.id == task.id:
                    hand.let_go(task.id)

    def cancel(self, job: str) -> None:
        """Cancel what is not finished of a job."""
        before = {task.id for task in self._books.ledger.tasks(job) if task.state.final}
        self.let_go(self._books.ledger.cancel(job))
        for task in self._books.ledger.tasks(job):
            event = bus.standing(task)
            if task.state.final and task.id not in before and event is not None:
                self._books.bus.publish(event)
        self._books.settle(job)

    def sweep(self) -> None:
        """Put back what was claimed and forgotten, and ring for what waits."""
        held = {hand.task.id for hand in self._hands if hand.task is not None}
        self._books.ledger.sweep(held=held)
        if self._books.ledger.counts().get("queued"):
            self.ring("sweep")

    def _answer(self) -> None:
        """Work until there is nothing left. Called by the bell, in a thread of its own."""
        hand = self._take_hand()
        if hand is None:
            return
        try:
            while not self._stopping.is_set() and (task := self._claim(hand)):
                hand.work(task)
        finally:
            with self._picking:
                self._free.append(hand)

    def _take_hand(self) -> Hand | None:
        """Return the free hand whose models are loaded, if there is one."""
        with self._picking:
            self._free.sort(key=lambda hand: hand.status().memory)
            return self._free.pop() if self._free else None

    def _claim(self, hand: Hand) -> Task | None:
        while not self._stopping.is_set():
            try:
                return self._books.ledger.claim(hand.owner, self._settings.lease_seconds)
            except DiskFull:
                time.sleep(FULL_DISK_SECONDS)
        return None
