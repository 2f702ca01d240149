"""A recording as its legs, piece by piece, cut where nobody speaks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from voicectl.interfaces import RATE, ChannelsWish, Clip, Piece
from voicectl.types import Audio
from voicectl_models import decode, legs
from voicectl_models.decode import Block

PIECE_SECONDS = 600.0
"""About how much of a recording is in memory at a time; 40 MB a channel."""
CUT_SECONDS = 30.0
"""How far before the end of a piece a quiet place is looked for."""
QUIET_SECONDS = 0.4
"""Length of the stretch that has to be quiet."""


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
        # Whether two channels are two legs is decided once, from the whole call:
        # one party may be silent for the first ten minutes of it.
        several = second is not None and len(first.samples) > 1
        plan = _plan(self._blocks() if several else [first], self._wish)
        self.legs = plan.reason
        rest = chain([first], [] if second is None else [second], blocks)
        for block in _cut(rest):
            clips = tuple(
                Clip(samples, block.offset, channel) for channel, samples in legs.legs(block, plan)
            )
            yield Piece(block.offset, block.samples.shape[1] / RATE, clips)

    def _blocks(self) -> Iterator[Block]:
        decoded = decode.blocks(self._audio.path, self._audio.name, PIECE_SECONDS)
        with closing(decoded):
            yield from decoded
        self.warnings = tuple(decoded.warnings)
        self.seconds = decoded.seconds


def _plan(blocks: Iterable[Block], wish: ChannelsWish) -> legs.LegPlan:
    meter = legs.ChannelMeter()
    for block in blocks:
        meter.add(block)
    return legs.verdict(meter, wish)


def _cut(blocks: Iterator[Block]) -> Iterator[Block]:
    """Yield the same recording in blocks that end where it is quiet."""
    waiting: Block | None = None
    for block in blocks:
        if waiting is None:
            waiting = block
            continue
        end = quiet_place(waiting.samples)
        yield Block(waiting.offset, waiting.samples[:, :end])
        samples = np.concatenate((waiting.samples[:, end:], block.samples), axis=1)
        waiting = Block(waiting.offset + end / RATE, samples)
    if waiting is not None:
        yield waiting


def quiet_place(samples: NDArray[np.float32]) -> int:
    """Return the sample near the end of `samples` around which all channels are quietest."""
    tail = samples[:, -int(CUT_SECONDS * RATE) :]
    frame = int(QUIET_SECONDS * RATE / 4)
    length, tail_length = int(samples.shape[1]), int(tail.shape[1])
    count = tail_length // frame
    if count < 4:
        return length
    used = tail[:, : count * frame].reshape(len(tail), count, frame)
    loudness = np.square(used).mean(axis=2).max(axis=0)
    stretch = np.convolve(loudness, np.ones(4), mode="valid")
    quietest = int(stretch.argmin()) + 2
    return length - tail_length + quietest * frame
