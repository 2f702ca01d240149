"""Threads that come round again and again, and whether they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeAlias

STUCK_SECONDS = 90.0
"""A thread that did not come round for this long hangs: none of its waits is longer."""

Serve: TypeAlias = Callable[[threading.Event, Callable[[], None]], None]
"""Runs until the event is set, and calls the other one whenever it comes round."""


class Rounds:
    """Threads by name; methods may be called from any thread."""

    def __init__(self) -> None:
        self._threads: dict[str, threading.Thread] = {}
        self._came_round: dict[str, float] = {}

    def start(self, name: str, serve: Callable[[], None]) -> None:
        """Start a thread, unless there is one of that name."""
        if name in self._threads:
            return
        self.came_round(name)
        self._threads[name] = threading.Thread(target=serve, name=name, daemon=True)
        self._threads[name].start()

    def came_round(self, name: str) -> None:
        """Note that a thread is alive."""
        self._came_round[name] = time.monotonic()

    def stuck(self) -> list[str]:
        """Return which threads have ended, or hang."""
        late = time.monotonic() - STUCK_SECONDS
        return [
            name
            for name, thread in list(self._threads.items())
            if not thread.is_alive() or self._came_round[name] < late
        ]

    def join(self, seconds: float) -> None:
        """Wait for the end of each thread, but not longer than that."""
        for thread in list(self._threads.values()):
            thread.join(seconds)
