"""The recording's own clock: where samples belong, and what went wrong on the way."""

from __future__ import annotations

from dataclasses import dataclass

from voicectl.interfaces import RATE
from voicectl_models.headers import Refused

HOLE = 0.05
"""Seconds by which a timestamp may be ahead of the samples before silence is put between."""
MAX_HOLES = 24 * 3600.0
"""Seconds of silence put in altogether; more means that the clock is broken."""
BACK = 1.0
"""Seconds by which a timestamp must be behind the samples, or after the end, to be disbelieved."""


@dataclass(slots=True)
class Faults:
    """What went wrong without stopping the decoder."""

    packets: int = 0
    numbers: int = 0
    loud: int = 0
    holes: int = 0
    silence: float = 0.0
    jumps: int = 0
    layouts: int = 0
    unread: str = ""

    def told(self) -> list[str]:
        """Return one sentence for each kind that occurred."""
        sentences = {
            f"it could not be read to its end: {self.unread}": self.unread,
            f"{self.packets} damaged packets were left out": self.packets,
            f"{self.numbers} samples were no finite numbers and became silence": self.numbers,
            f"{self.loud} samples were far above full scale and were clipped": self.loud,
            f"{self.holes} gaps in its clock, {self.silence:.1f} s, became silence": self.holes,
            f"its clock jumps {self.jumps} times; it was read as one piece": self.jumps,
            "the number of channels changes on the way; the first was kept": self.layouts,
        }
        return [sentence for sentence, happened in sentences.items() if happened]


class Clock:
    """Compares the timestamps of frames with the samples that have come."""

    def __init__(self, start: float, length: float, faults: Faults) -> None:
        """`length` is the declared one in seconds, 0.0 when it is not known."""
        self._start = start
        self._length = length
        self._now = 0.0
        self._faults = faults

    def place(self, at: float | None, seconds: float) -> int | None:
        """Return the sample, at 16,000 Hz, at which a frame after a hole begins.

        None when it follows the one before. `at` is its timestamp in seconds,
        None when it has none; `seconds` its length.
        """
        ahead = 0.0 if at is None else at - self._start - self._now
        # Recordings joined into one file each start at 0; a damaged timestamp points
        # beyond the end. Neither is a time at which something was said.
        if ahead < -BACK or (ahead > HOLE and 0 < self._length < self._now + ahead - BACK):
            self._start += ahead
            self._faults.jumps += 1
            ahead = 0.0
        hole = ahead if ahead > HOLE else 0.0
        if hole:
            # A sound that begins later than the picture, or than its codec, is no fault.
            self._faults.holes += self._now > 0
            self._faults.silence += hole
        if self._faults.silence > MAX_HOLES:
            raise Refused("its clock jumps ahead by more than a day")
        begin = self._now + hole
        self._now = begin + seconds
        return round(begin * RATE) if hole else None
