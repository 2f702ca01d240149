"""One leg of a call in progress: what was read of it, and the turns in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from voicectl.interfaces import RATE, Region
from voicectl_models.endpointing import Endpointer
from voicectl_models.resampling import Stream
from voicectl_models.voice_activity import VoiceActivity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples


@dataclass(frozen=True, slots=True)
class Spoken:
    """A turn that has ended and is to be recognised."""

    number: int
    start: float
    """Seconds since the recording began."""
    samples: Samples

    @property
    def end(self) -> float:
        """Seconds since the recording began."""
        return self.start + len(self.samples) / RATE


@dataclass(slots=True)
class Leg:
    """Fed with what grows; used by one thread."""

    rate: int
    number: int
    """Of its first turn."""
    origin: float
    """Second of the recording at which listening begins."""
    _stream: Stream = field(init=False)
    _voice: VoiceActivity = field(default_factory=VoiceActivity)
    _ends: Endpointer = field(default_factory=Endpointer)
    _samples: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _base: int = 0
    """The first sample that is kept, counted from `origin`."""

    def __post_init__(self) -> None:
        self._stream = Stream(self.rate)

    @property
    def heard(self) -> float:
        """The second up to which it was listened to."""
        return self.origin + (self._base + len(self._samples)) / RATE

    def feed(self, samples: NDArray[np.int16]) -> list[Spoken]:
        """Take in what came, and return the turns that are over."""
        ready = self._stream.feed(samples)
        self._samples = np.concatenate([self._samples, ready])
        return self._taken(self._ends.feed(self._voice.feed(ready)))

    def rest(self) -> list[Spoken]:
        """Return the turn that was being spoken when the call ended."""
        return self._taken(self._ends.rest())

    def speaking(self) -> Spoken | None:
        """Return the turn that is being spoken, as far as it is heard."""
        turn = self._ends.speaking
        return None if turn is None else self._spoken(turn, self.number)

    def _taken(self, turns: list[Region]) -> list[Spoken]:
        found = [self._spoken(turn, self.number + place) for place, turn in enumerate(turns)]
        self.number += len(found)
        settled = min(self._ends.settled, self._base + len(self._samples))
        if settled - self._base > RATE:  # not for every bit: it is copied
            self._samples = self._samples[settled - self._base :].copy()
            self._base = settled
        return found

    def _spoken(self, turn: Region, number: int) -> Spoken:
        begin, end = turn
        samples = self._samples[begin - self._base : end - self._base].copy()
        return Spoken(number, self.origin + begin / RATE, samples)
