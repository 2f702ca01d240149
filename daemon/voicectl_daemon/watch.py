"""The clocks of an order: how long it says nothing, and what is due meanwhile."""

from __future__ import annotations

import time

from voicectl.config import Workers

LOOK_SECONDS = 0.2
"""How often it is looked whether a task was cancelled, however much the child says."""


class Watch:
    """Starts with the order."""

    def __init__(self, settings: Workers) -> None:
        self._settings = settings
        self._moved = self._renewed = time.monotonic()
        self._looked = 0.0
        self.asked: float | None = None
        """When the child was asked to give up."""

    def moved(self) -> None:
        """Note a sign of progress."""
        self._moved = time.monotonic()

    def stalled(self) -> bool:
        """True when there was no progress for too long."""
        return time.monotonic() - self._moved > self._settings.stall_seconds

    def look_due(self) -> bool:
        """True a few times a second: is what is being done still wanted?"""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return False
        self._looked = time.monotonic()
        return True

    def renewal_due(self) -> bool:
        """True once in every quarter of a lease."""
        if time.monotonic() - self._renewed < self._settings.lease_seconds / 4:
            return False
        self._renewed = time.monotonic()
        return True
