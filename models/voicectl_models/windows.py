"""Speech packed into the windows that Whisper looks at, and times mapped back.

Whisper was trained on windows of 30 s, but calls are made of turns of a few
seconds, so one turn a window wastes most of the work on padding. Turns are
therefore packed, with silence between them, into windows as long as they need
to be. Where a word belongs is told by its time, so the silence must be long
enough for the times to be right on either side of it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voicectl.interfaces import RATE, Region

if TYPE_CHECKING:
    from voicectl.interfaces import Samples

PACK_SECONDS = 20.0
"""Turns are packed up to this length; a longer turn has a window to itself."""
GAP_SECONDS = 1.0
"""Silence between packed turns; with half of it, words land on the wrong side."""
PAUSE_SECONDS = 0.3
"""Silence between turns of one leg: each has some of the leg's own at its ends already."""
MARGIN_SECONDS = 1.5
"""Silence after the last turn; without it the model repeats itself past the end."""
SHORTEST_SECONDS = 10.0
"""No window is shorter: in one of a few seconds half of all lone clips loop past the end."""
FULL_SECONDS = 30.0
"""The longest window there is."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of speech and its place in a window; all in samples."""

    clip: int
    """Which of the clips it was cut from."""
    start: int
    end: int
    """Where it lies in its clip."""
    at: int
    """Where it begins in the window."""

    @property
    def until(self) -> int:
        """Where it ends in the window."""
        return self.at + self.end - self.start

    def in_clip(self, seconds: float) -> float:
        """Return a time of the window as a time of the clip, kept inside the turn."""
        sample = min(max(seconds * RATE, self.at), self.until)
        return (sample - self.at + self.start) / RATE


@dataclass(frozen=True, slots=True)
class Window:
    """Turns that are recognised together, in order."""

    turns: tuple[Turn, ...]

    @property
    def samples(self) -> int:
        """Length up to the end of the last turn."""
        return self.turns[-1].until

    @property
    def seconds(self) -> float:
        """Length up to the end of the last turn."""
        return self.samples / RATE

    @property
    def of_one_clip(self) -> bool:
        """True when all its turns were cut from one clip."""
        return len({turn.clip for turn in self.turns}) == 1

    def turn_at(self, seconds: float) -> int:
        """Return the index of the turn to which a time of the window belongs."""
        borders = [
            (before.until + after.at) / 2 / RATE
            for before, after in zip(self.turns, self.turns[1:], strict=False)
        ]
        return bisect_right(borders, seconds)

    def fill(self, clips: Sequence[Samples], length: int) -> Samples:
        """Return the window's audio: its turns with silence between them, `length` samples."""
        audio: NDArray[np.float32] = np.zeros(length, np.float32)
        for turn in self.turns:
            part = clips[turn.clip][turn.start : turn.end][: max(0, length - turn.at)]
            audio[turn.at : turn.at + len(part)] = part
        return audio


def pack(speech: Sequence[Sequence[Region]], together: Sequence[Hashable]) -> list[Window]:
    """Return the windows for the speech of several clips.

    `speech` holds the regions of each clip in order of time; `together` says
    for each clip with which others it may share a window: those with an equal
    one. No window holds more than `PACK_SECONDS`, unless one turn does.
    """
    windows: list[Window] = []
    open_windows: dict[Hashable, list[Turn]] = {}
    for clip, regions in enumerate(speech):
        waiting = open_windows.setdefault(together[clip], [])
        for start, end in regions:
            at = waiting[-1].until + _between(waiting[-1].clip == clip) if waiting else 0
            if waiting and at + end - start > PACK_SECONDS * RATE:
                windows.append(Window(tuple(waiting)))
                waiting.clear()
                at = 0
            waiting.append(Turn(clip, start, end, at))
    windows += [Window(tuple(turns)) for turns in open_windows.values() if turns]
    return windows


def _between(one_leg: bool) -> int:
    """Return how many samples of silence lie between two turns."""
    return int((PAUSE_SECONDS if one_leg else GAP_SECONDS) * RATE)


def alone(window: Window) -> list[Window]:
    """Return a window for each turn of a window."""
    return [Window((Turn(turn.clip, turn.start, turn.end, 0),)) for turn in window.turns]


def join_near(regions: Sequence[Region], gap: int, longest: int) -> list[Region]:
    """Join regions that lie less than `gap` samples apart, up to `longest` samples.

    What lies between them is kept as it was recorded: a pause inside a sentence
    is better silence than any that could be put there.
    """
    joined: list[Region] = []
    for start, end in regions:
        if joined and start - joined[-1][1] < gap and end - joined[-1][0] <= longest:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def batches(windows: Sequence[Window], size: int) -> Iterator[list[int]]:
    """Yield indices of windows of like length, at most `size` at a time, none left out."""
    order = sorted(range(len(windows)), key=lambda index: windows[index].samples)
    for first in range(0, len(order), size):
        yield order[first : first + size]


def common_seconds(several: Sequence[Window]) -> int:
    """Return how long windows that are recognised in one call are made, in whole seconds.

    On a processor the encoder's library compiles code for every length that it
    meets and keeps it: one to two megabytes each.
    """
    longest = max(window.seconds for window in several) + MARGIN_SECONDS
    return int(min(max(ceil(longest), SHORTEST_SECONDS), FULL_SECONDS))
