"""A call that is listened to while its recording grows."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import lt

import numpy as np

from voicectl_daemon.ears import line
from voicectl_daemon.ears.leg import Leg, Spoken
from voicectl_daemon.media.growing import HEADER_BYTES

ENOUGH_SECONDS = 20.0
"""Of speech, after which the language of a call is asked about no more."""
MOST_SECONDS = 5.0
"""Of sound read at a time, so that one long backlog holds no other call up."""


@dataclass(slots=True)
class Tongue:
    """Which language is spoken, from what was said so far."""

    allowed: Sequence[str]
    _chances: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _seconds: float = 0.0

    @property
    def open(self) -> bool:
        """True while another turn may change it."""
        return len(self.allowed) != 1 and self._seconds < ENOUGH_SECONDS

    @property
    def language(self) -> str | None:
        """ISO 639-1; None before anything was said."""
        if len(self.allowed) == 1:
            return self.allowed[0]
        return max(self._chances, key=self._chances.__getitem__) if self._chances else None

    def learn(self, chances: Mapping[str, float], seconds: float) -> None:
        """Take in how likely each language is in a turn of so many seconds."""
        self._seconds += seconds
        for language, chance in chances.items():
            if not self.allowed or language in self.allowed:
                self._chances[language] += chance * seconds


class Followed:
    """One call; used by one thread."""

    def __init__(self, order: line.Follow, allowed: Sequence[str]) -> None:
        """Open the recording. Raises `OSError`."""
        self.id = order.call
        self.speakers = order.legs
        self.legs = [
            Leg(order.rate, number, _whole(since, order.rate))
            for number, since in zip(order.turns, order.since, strict=True)
        ]
        self.waiting: list[tuple[int, Spoken]] = []
        """Turns that are over and not recognised yet, with their leg."""
        self.tongue = Tongue(allowed)
        self.over = False
        self._at_end = False
        """True when the turns that were spoken to the end were taken, too."""
        self.shown = dict[int, float]()
        """By leg: the end of what was recognised of the turn that is being spoken."""
        self._rate = order.rate
        self._there = [0] * len(self.legs)
        self._read = [round(leg.origin * order.rate) for leg in self.legs]
        self._file = os.open(order.path, os.O_RDONLY | os.O_CLOEXEC)

    def grown(self, readable: Sequence[int]) -> None:
        """Note how much of each leg is on disk."""
        self._there = list(map(max, self._there, readable))

    @property
    def done(self) -> bool:
        """True when the call is over and all of it is told."""
        return self._at_end and not self.waiting

    @property
    def unread(self) -> bool:
        """True when there is sound that was not listened to."""
        return any(map(lt, self._read, self._there))

    @property
    def now(self) -> float:
        """The second of the recording up to which there is sound."""
        return max(self._there) / self._rate

    @property
    def lag(self) -> float:
        """How many seconds ago the oldest turn ended that is not recognised, or read."""
        ends = [self.now - spoken.end for _, spoken in self.waiting]
        unread = [there - read for there, read in zip(self._there, self._read, strict=True)]
        return max([0.0, max(unread) / self._rate, *ends])

    def read(self) -> None:
        """Listen to what is new, and note the turns that are over. Raises `OSError`."""
        for number, leg in enumerate(self.legs):
            begin = self._read[number]
            end = min(self._there[number], begin + round(MOST_SECONDS * self._rate))
            if end > begin:
                self._read[number] = end
                samples = self._samples(begin, end)[:, number]
                self.waiting += [(number, spoken) for spoken in leg.feed(samples)]
        if self.over and not self.unread and not self._at_end:
            self._at_end = True
            for number, leg in enumerate(self.legs):
                self.waiting += [(number, spoken) for spoken in leg.rest()]

    def close(self) -> None:
        """Let the recording go."""
        os.close(self._file)

    def _samples(self, begin: int, end: int) -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
        each = 2 * len(self.legs)
        raw = os.pread(self._file, (end - begin) * each, HEADER_BYTES + begin * each)
        raw += bytes((end - begin) * each - len(raw))  # a hole at the end of the file
        return np.frombuffer(raw, "<i2").reshape(-1, len(self.legs))


def _whole(seconds: float, rate: int) -> float:
    """Return the second at which a sample begins."""
    return round(seconds * rate) / rate
