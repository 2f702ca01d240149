"""The clock of 20 ms by which peers are spoken to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FRAME_SECONDS = 0.02
LOST_SECONDS = 0.5
"""After so long a pause of this process time goes on from now; a burst would help nobody."""


class Clock:
    """Calls back every 20 ms, by deadlines: what was late once makes nothing later."""

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self.latest = 0.0
        """Seconds by which the latest tick came too late, since somebody last asked."""

    async def run(self) -> None:
        """Tick until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += FRAME_SECONDS
            now = loop.time()
            if due > now:
                await asyncio.sleep(due - now)
            late = loop.time() - due
            self.latest = max(self.latest, late)
            if late > LOST_SECONDS:
                due = loop.time()
            self._tick()

    def asked(self) -> float:
        """Return `latest`, and begin anew."""
        found, self.latest = self.latest, 0.0
        return found
