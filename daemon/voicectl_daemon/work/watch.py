"""The clocks of an order: how long it says nothing, and what is due meanwhile."""

from __future__ import annotations

import math
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
        self._step = (0.0, math.inf)
        """When the step that is taken now was begun, and how long it may take."""
        self.asked: float | None = None
        """When the child was asked to give up."""

    def moved(self) -> None:
        """Note a sign of progress."""
        self._moved = time.monotonic()

    def step(self, limit: float) -> None:
        """Note that a step is begun, which may take so many seconds."""
        self._step = (time.monotonic(), limit)

    def too_slow(self) -> str | None:
        """Return in words what took too long; None while nothing did."""
        now = time.monotonic()
        began, limit = self._step
        if now - began > limit:
            return f"it took longer than it may, {limit:g} s; it was stopped"
        if now - self._moved > self._settings.stall_seconds:
            return f"no progress for {self._settings.stall_seconds:g} s; it was stopped"
        return None

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
