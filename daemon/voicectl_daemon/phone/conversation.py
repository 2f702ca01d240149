"""One call of the telephone, and its way to the media process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

from voicectl_daemon.phone.leg import Leg
from voicectl_daemon.phone.pjsip import FRAME_BYTES, Call, Ear, Sound

TAKEN_SECONDS = 2.0
"""How long the media process may take to take a call."""

LOOK_SECONDS = 1.0
SILENT_SECONDS = 5.0
"""How long a telephone may send nothing, as some do where nobody speaks."""
SILENCE = bytes(FRAME_BYTES)


class Conversation:
    """A call that somebody listens to, or will in a moment."""

    def __init__(self, call: Call, ear: Ear, over: Callable[[Conversation], None]) -> None:
        self.call = call
        self.ear = ear
        self._over = over
        self._leg: Leg | None = None
        self._loop = asyncio.get_running_loop()
        self._packets = 0
        self._came = self._looked = time.monotonic()
        self.up = True
        call.over = self._is_over
        call.talks = self._talks

    async def is_taken(self, port: int) -> bool:
        """Bring it to the media process, and return whether somebody listens there."""
        try:
            async with asyncio.timeout(TAKEN_SECONDS):
                _, leg = await self._loop.create_connection(
                    lambda: Leg(uuid4(), self._is_unheard), "127.0.0.1", port
                )
                self._leg = leg
                taken = bool(await leg.taken) and self.up
        except (OSError, TimeoutError):
            return False
        if taken:
            self.call.pressed = leg.press
            self.ear.heard = leg.hear
        else:
            leg.hang_up()
        return taken

    def look(self, now: float) -> None:
        """Pass on no silence that the library invents where nothing comes any more.

        The media process then hangs up on a line that is dead. Who is on hold sends nothing
        either, and is not gone.
        """
        if self._leg is None or (self.ear.heard and now - self._looked < LOOK_SECONDS):
            return
        self._looked = now
        _, received = self.call.packets
        if self.call.held:
            self._leg.say(SILENCE)
        if received != self._packets or self.call.held:
            self._packets, self._came = received, now
        self.ear.heard = self._leg.hear if now - self._came < SILENT_SECONDS else None

    def _talks(self, sound: Sound) -> None:
        sound.startTransmit(self.ear)
        self.ear.startTransmit(sound)

    def _is_unheard(self) -> None:
        if self.up:
            self.call.end()

    def _is_over(self) -> None:
        self.up = False
        self.ear.heard = None
        if self._leg is not None:
            self._leg.hang_up()
            self._leg = None
        self._over(self)
