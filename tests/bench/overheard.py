"""What the ears of calls in progress make of a recording, as fast as they can."""

from __future__ import annotations

import wave
from pathlib import Path

from report import models

from voicectl.lines import Live
from voicectl.live import LiveTurn
from voicectl_daemon.ears.followed import Followed
from voicectl_daemon.ears.line import Follow
from voicectl_daemon.ears.recognising import Recogniser, Waiting
from voicectl_daemon.media.caller import samples

RATE = 8000


class Overhearing:
    """Listens to one recording after the other, as to a call of one leg."""

    def __init__(self, live: Live, folder: Path) -> None:
        self._recogniser = Recogniser(models(), live)
        self._path = folder / "growing.wav"

    @staticmethod
    def seconds(recording: Path) -> float:
        """Return how long a recording is."""
        return len(samples(str(recording), RATE)) / 2 / RATE

    def turns(self, recording: Path) -> list[LiveTurn]:
        """Return the final turns, each recognised by itself, as on a machine that keeps up."""
        sound = samples(str(recording), RATE)
        with wave.open(str(self._path), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(sound)
        order = Follow(recording.stem, str(self._path), RATE, ("caller",), (0.0,), (0,))
        call = Followed(order, self._recogniser.allowed)
        call.grown((len(sound) // 2,))
        call.over = True
        told = []
        while not call.done:
            call.read()
            while call.waiting:
                told += self._recogniser.finals([Waiting(call, *call.waiting.pop(0))])
        call.close()
        return told
