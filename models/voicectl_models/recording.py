"""A recording as its legs, piece by piece, cut where nobody speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voicectl import parse
from voicectl.interfaces import RATE, ChannelsWish, Clip, Piece
from voicectl.types import Audio
from voicectl_models import decode, legs
from voicectl_models.decode import Block

CUT_SECONDS = 30.0
"""How far before the end of a piece a quiet place is looked for; at most half a piece."""
QUIET_SECONDS = 0.4
"""Length of the stretch that has to be quiet."""


class Recorded:
    """One recording, read from its file; keeps the promises of `voicectl.interfaces.Recording`."""

    def __init__(
        self,
        audio: Audio,
        channels: ChannelsWish,
        piece_seconds: float,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Take `alive`, which is called with every block that is decoded, and may raise."""
        self._audio = audio
        self._wish: ChannelsWish = channels
        self._piece_seconds = piece_seconds
        self._alive = alive
        self.legs: Mapping[str, Any] = {}
        self.warnings: Sequence[str] = ()
        self.seconds = 0.0

    def pieces(
        self, begin: float = 0.0, understood: Mapping[str, Any] | None = None
    ) -> Iterator[Piece]:
        """Yield the recording in order, on from the piece that begins at `begin`."""
        blocks = self._blocks()
        first = next(blocks, None)
        if first is None:
            return
        second = next(blocks, None)
        if understood is None:
            # Whether two channels are two legs is decided once, from the whole call:
            # one party may be silent for the first ten minutes of it.
            several = second is not None and len(first.samples) > 1
            plan = _plan(self._blocks() if several else [first], self._wish)
        else:
            plan = parse.plain(understood, legs.LegPlan)
        self.legs = asdict(plan)
        rest = chain([first], [] if second is None else [second], blocks)
        del first, second
        for block, more in _cut(rest, round(begin * RATE)):
            clips = tuple(
                Clip(samples, block.offset, channel) for channel, samples in legs.legs(block, plan)
            )
            yield Piece(block.offset, block.samples.shape[1] / RATE, clips, more)

    def _blocks(self) -> Iterator[Block]:
        decoded = decode.blocks(self._audio.path, self._audio.name, self._piece_seconds)
        with closing(decoded):
            for block in decoded:
                self._alive()
                yield block
        self.warnings = tuple(decoded.warnings)
        self.seconds = decoded.seconds


def _plan(blocks: Iterable[Block], wish: ChannelsWish) -> legs.LegPlan:
    meter = legs.ChannelMeter()
    for block in blocks:
        meter.add(block)
    return legs.verdict(meter, wish)


def _cut(blocks: Iterable[Block], begin: int) -> Iterator[tuple[Block, bool]]:
    """Yield the recording in blocks that end where it is quiet, and whether another follows.

    The first begins at the sample `begin`, where a cut was made before. What
    lies before it was decoded for nothing, which is cheap: 10 hours take 10 s.
    A jump would have to be right to the sample in every format.
    """
    waiting: Block | None = None
    whole = False
    for block in blocks:
        skip = begin - round(block.offset * RATE)
        if skip >= block.samples.shape[1]:
            continue
        if waiting is not None and whole:
            end = quiet_place(waiting.samples)
            yield Block(waiting.offset, waiting.samples[:, :end]), True
            waiting = _later(waiting, end)
        if waiting is not None:
            samples = np.concatenate((waiting.samples, block.samples), axis=1)
            waiting, whole = Block(waiting.offset, samples), True
        else:
            waiting, whole = _later(block, max(0, skip)), skip <= 0
    if waiting is not None:
        yield waiting, False


def _later(block: Block, samples: int) -> Block:
    return Block((round(block.offset * RATE) + samples) / RATE, block.samples[:, samples:])


def quiet_place(samples: NDArray[np.float32]) -> int:
    """Return the sample near the end of `samples` around which all channels are quietest."""
    length = int(samples.shape[1])
    frame = int(QUIET_SECONDS * RATE / 4)
    tail_length = min(int(CUT_SECONDS * RATE), length // 2)
    tail = samples[:, length - tail_length :]
    count = tail_length // frame
    if count < 4:
        return length
    used = tail[:, : count * frame].reshape(len(tail), count, frame)
    loudness = np.square(used).mean(axis=2).max(axis=0)
    stretch = np.convolve(loudness, np.ones(4), mode="valid")
    quietest = int(stretch.argmin()) + 2
    return length - tail_length + quietest * frame
