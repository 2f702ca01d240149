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
"""Seconds by which a timestamp must be behind the samples to be the start of another clock."""


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
        return [
            sentence
            for happened, sentence in (
                (self.unread, f"it could not be read to its end: {self.unread}"),
                (self.packets, f"{self.packets} damaged packets were left out"),
                (self.numbers, f"{self.numbers} samples were no finite numbers and became silence"),
                (self.loud, f"{self.loud} samples were far above full scale and were clipped"),
                (
                    self.holes,
                    f"{self.holes} gaps in its clock were filled with {self.silence:.1f} s of silence",
                ),
                (self.jumps, f"its clock jumps back {self.jumps} times; it was read as one piece"),
                (self.layouts, "the number of channels changes on the way; the first was kept"),
            )
            if happened
        ]


class Clock:
    """Compares the timestamps of frames with the samples that have come."""

    def __init__(self, start: float, faults: Faults) -> None:
        self._start = start
        self._now = 0.0
        self._faults = faults

    def hole(self, at: float | None, seconds: float) -> int:
        """Return how many samples of silence, at 16,000 Hz, belong before a frame.

        `at` is its timestamp in seconds, None when it has none; `seconds` its length.
        """
        ahead = 0.0 if at is None else at - self._start - self._now
        if ahead < -BACK:  # recordings joined into one file: each starts at 0
            self._start += ahead
            self._faults.jumps += 1
        missing = round(ahead * RATE) if ahead > HOLE else 0
        if missing:
            # A sound that begins later than the picture, or than its codec: not a fault.
            self._faults.holes += self._now > 0
            self._faults.silence += missing / RATE
        if self._faults.silence > MAX_HOLES:
            raise Refused("its clock jumps ahead by more than a day")
        self._now += missing / RATE + seconds
        return missing
