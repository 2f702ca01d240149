"""A recording as its legs, piece by piece, cut where nobody speaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from voicectl.interfaces import RATE, ChannelsWish, Clip, Piece
from voicectl.types import Audio
from voicectl_models import decode, legs

PIECE_SECONDS = 600.0
"""About how much of a recording is in memory at a time; 40 MB a channel."""
CUT_SECONDS = 30.0
"""How far before the end of a piece a quiet place is looked for."""
QUIET_SECONDS = 0.4
"""Length of the stretch that has to be quiet."""

Channels = NDArray[np.float32]
"""Shape (channels, n), 16,000 Hz."""


class Recorded:
    """One recording, read from its file; keeps the promises of `voicectl.interfaces.Recording`."""

    def __init__(self, audio: Audio, channels: ChannelsWish) -> None:
        self._audio = audio
        self._wish = channels
        self.legs = ""
        self.warnings: Sequence[str] = ()
        self.seconds = 0.0

    def pieces(self) -> Iterator[Piece]:
        """Yield the whole recording in order."""
        blocks = self._blocks()
        first = next(blocks, None)
        if first is None:
            return
        second = next(blocks, None)
        if second is None:
            plan = _plan([first], self._wish)
        else:
            # Whether two channels are two legs is decided once, from the whole call:
            # one party may be silent for the first ten minutes of it.
            plan = _plan(self._blocks(), self._wish) if len(first) > 1 else _plan([first], "auto")
        self.legs = plan.reason
        rest = chain([first], [] if second is None else [second], blocks)
        for offset, samples in _cut(rest):
            clips = tuple(Clip(leg, offset, channel) for channel, leg in legs.legs(samples, plan))
            yield Piece(offset, samples.shape[1] / RATE, clips)

    def _blocks(self) -> Iterator[Channels]:
        decoded = decode.blocks(self._audio.path, self._audio.name, PIECE_SECONDS)
        for block in decoded:
            yield block.samples
        self.warnings = tuple(decoded.warnings)
        self.seconds = decoded.seconds


def _plan(blocks: Iterable[Channels], wish: ChannelsWish) -> legs.LegPlan:
    meter = legs.ChannelMeter()
    for samples in blocks:
        meter.add(samples)
    return legs.verdict(meter, wish)


def _cut(blocks: Iterator[Channels]) -> Iterator[tuple[float, Channels]]:
    """Yield `(offset in seconds, samples)` of pieces that end where it is quiet."""
    waiting: Channels | None = None
    start = 0
    for block in blocks:
        if waiting is not None:
            end = quiet_place(waiting)
            yield start / RATE, waiting[:, :end]
            start += end
            block = np.concatenate((waiting[:, end:], block), axis=1)
        waiting = block
    if waiting is not None:
        yield start / RATE, waiting


def quiet_place(samples: Channels) -> int:
    """Return the sample near the end of `samples` around which all channels are quietest."""
    tail = samples[:, -int(CUT_SECONDS * RATE) :]
    frame = int(QUIET_SECONDS * RATE / 4)
    count = tail.shape[1] // frame
    if count < 4:
        return samples.shape[1]
    used = tail[:, : count * frame].reshape(len(tail), count, frame)
    loudness = np.square(used).mean(axis=2).max(axis=0)
    stretch = np.convolve(loudness, np.ones(4), mode="valid")
    quietest = int(stretch.argmin()) + 2
    return samples.shape[1] - tail.shape[1] + quietest * frame
