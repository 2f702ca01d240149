"""The bell that wakes workers: Huey, which carries ids and decides nothing.

Huey deletes a message when it hands it out, so a killed process loses it,
whatever its retries say. That costs nothing here: the ledger knows what is to
be done, and the sweeper rings again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from huey import SqliteHuey
from huey.consumer import Consumer

LONGEST_WAIT = 0.25
"""Seconds until an idle worker looks at the bell again."""

log = logging.getLogger(__name__)


class _Consumer(Consumer):  # type: ignore[misc]  # huey has no type hints
    def _set_signal_handlers(self) -> None:
        """Leave signals to the daemon; Huey's handlers cannot be set off the main thread."""


class Bell:
    """One queue, heard by `hands` threads; each ring makes one of them call `answer`."""

    def __init__(self, path: Path, hands: int, answer: Callable[[], None]) -> None:
        # What Huey has to say on a full disk is a stack trace for each second of it.
        logging.getLogger("huey").setLevel(logging.CRITICAL)
        # fsync off: a ring that a power cut swallows is rung again by the sweeper
        self._huey = SqliteHuey("voicectl", filename=str(path), results=False, fsync=False)
        self._ring = self._huey.task(name="ring")(lambda _job: answer())
        self._consumer = _Consumer(
            self._huey,
            workers=hands,
            periodic=False,
            initial_delay=0.02,
            max_delay=LONGEST_WAIT,
        )

    def start(self) -> None:
        """Begin to listen."""
        self._consumer.start()

    def stop(self, seconds: float) -> None:
        """Stop listening; wait at most `seconds` for those who are at work."""
        self._consumer.stop_flag.set()
        for _, thread in self._consumer.worker_threads:
            thread.join(seconds)

    def ring(self, job: str) -> None:
        """Wake one hand; a bell that cannot be rung (a full disk) is rung later by the sweeper."""
        try:
            self._ring(job)
        except Exception as error:  # noqa: BLE001, each of Huey's storages raises its own
            log.warning("the bell is silent: %s", error)
