"""Where a turn begins and ends, found while it is spoken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from voicectl.interfaces import RATE, Region
from voicectl_models.voice_activity import WINDOW

SPEECH = 0.5
"""A window this likely begins a turn..."""
SILENCE = 0.35
"""...and one below this may end it: between the two a turn goes on, as Silero does it."""
PAUSE_SECONDS = 0.5
"""Silence that ends a turn. Less cuts people off who think; more makes every turn late."""
BEFORE_SECONDS = 0.3
"""Of sound before the first loud window: soft beginnings of words."""
AFTER_SECONDS = 0.2
LONGEST_SECONDS = 20.0
"""A turn is cut here, in its softest moment of the last seconds, so that nobody waits for ever."""
SOFTEST_SECONDS = 5.0


def _windows(seconds: float) -> int:
    return round(seconds * RATE / WINDOW)


@dataclass(slots=True)
class Endpointer:
    """One leg, window by window; a window is 32 ms."""

    heard: int = 0
    """Windows that were looked at."""
    _begin: int | None = None
    """The first window of the turn that is being spoken."""
    _last: int = 0
    """The last window in which somebody spoke."""
    _recent: list[float] = field(default_factory=list)
    """How likely speech was in each window of the turn."""
    _free: int = 0
    """Before this window everything belongs to earlier turns."""

    @property
    def speaking(self) -> Region | None:
        """The turn that is being spoken, as far as it is heard, in samples."""
        return None if self._begin is None else self._region(self._begin, self._last + 1)

    @property
    def settled(self) -> int:
        """The sample before which nothing will belong to a turn to come."""
        begin = self.heard if self._begin is None else self._begin
        return max(self._free, begin - _windows(BEFORE_SECONDS)) * WINDOW

    def feed(self, likely: Iterable[float]) -> list[Region]:
        """Return the turns that end in these windows, in samples since the beginning."""
        ended = []
        for each in likely:
            if (turn := self._step(float(each))) is not None:
                ended.append(turn)
        return ended

    def rest(self) -> list[Region]:
        """Return the turn that was being spoken when the call ended."""
        return [] if self._begin is None else [self._end(self._last + 1)]

    def _step(self, likely: float) -> Region | None:
        now = self.heard
        self.heard += 1
        if self._begin is None:
            if likely >= SPEECH:
                self._begin, self._last, self._recent = now, now, [likely]
            return None
        self._recent.append(likely)
        if likely >= SILENCE:
            self._last = now
        if now - self._last >= _windows(PAUSE_SECONDS):
            return self._end(self._last + 1)
        if now - self._begin >= _windows(LONGEST_SECONDS):
            return self._cut()
        return None

    def _cut(self) -> Region:
        """End the turn where it is softest, and begin the next one there."""
        begin = self._begin or 0
        first = len(self._recent) - _windows(SOFTEST_SECONDS)
        at = min(range(first, len(self._recent)), key=self._recent.__getitem__)
        rest = self._recent[at:]
        turn = self._region(begin, begin + at, padded=False)
        self._free = begin + at
        self._begin, self._recent = begin + at, rest
        return turn

    def _end(self, end: int) -> Region:
        turn = self._region(self._begin or 0, end)
        self._free = turn[1] // WINDOW
        self._begin = None
        return turn

    def _region(self, begin: int, end: int, *, padded: bool = True) -> Region:
        first = max(self._free, begin - _windows(BEFORE_SECONDS))
        last = min(self.heard, end + _windows(AFTER_SECONDS)) if padded else end
        return first * WINDOW, last * WINDOW
