"""Which channels of a recording are legs of a call: the agent here, the caller there.

Two channels are two legs, or the same sound twice, or one of them is empty, and
no header says which. `ChannelMeter` listens to the whole recording, `verdict`
decides, `legs` cuts each block accordingly. The thresholds stand between what
was measured on real calls and meetings (two legs, with crosstalk, echo, hum and
common noise) and on recordings doubled through gains, delays, polarity, noise
and codecs (the same signal); the figures are at each threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from voicectl.interfaces import RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import ChannelsWish, Samples
    from voicectl_models.decode import Block

Reason: TypeAlias = Literal[
    "mono",
    "asked",
    "silence",
    "one side silent",
    "same signal on both sides",
    "two legs",
    "several legs",
]

FRAME = RATE // 10
"""Samples over which a level is measured: 100 ms."""
SEGMENT = 5 * FRAME
"""Samples over which channels are compared: 0.5 s."""
MAX_LAG = RATE // 50
"""Samples by which one side may lag behind the other and still be the same: 20 ms."""
SILENT = -60.0
"""dBFS: a channel that stays below is silent. The idle patterns of G.711 lie at -72 and lower."""
CLICKS = 2
"""Frames above `SILENT` that do not yet make a channel sound: switching clicks."""
SAME_WAVE = 0.9
"""Correlation above which two channels are the same. Two legs reach 0.27 with noise common to
both, 0.52 with a leak of -12 dB, 0.84 with -6 dB; doubled channels have 0.92 and more behind
mu-law, ADPCM, G.722, MP3, Opus and noise of 10 dB."""
SAME_LEVELS = 0.95
"""Correlation of the levels above which two channels are the same whatever their waves: a voice
in the room through two microphones has 0.98, two legs have -0.9 to 0.15, 0.69 leaking -6 dB."""
ALIKE_WAVE, ALIKE_LEVELS = 0.5, 0.8
"""Both together are enough: a speech codec such as AMR on one side keeps 0.56 and 0.84."""
SPAN, ACTIVE = -40.0, -25.0
"""dB below a channel's loud frames: where levels stop to count, and above which it is active."""
BATCH = 64
"""Segments that are transformed together."""


@dataclass(frozen=True, slots=True)
class LegPlan:
    """What to cut from each block of a recording."""

    split: bool
    """True when each of `channels` is a leg of its own; False when they make one leg together."""
    channels: tuple[int, ...]
    """Counted from 0 as in the recording; silent and doubled ones are missing."""
    reason: Reason


@dataclass(frozen=True, slots=True)
class Likeness:
    """How two channels resemble each other over a whole recording."""

    wave: float
    """Pearson's correlation at the best lag, -1 to 1."""
    lag: int
    """Samples by which the second channel is behind the first."""
    levels: float
    """Correlation of the levels in dB of 100 ms frames in which at least one is active."""

    @property
    def same(self) -> bool:
        """True when both carry the same signal."""
        wave = abs(self.wave)
        return (
            wave > SAME_WAVE
            or self.levels > SAME_LEVELS
            or (wave > ALIKE_WAVE and self.levels > ALIKE_LEVELS)
        )

    @property
    def in_step(self) -> bool:
        """True when their average loses nothing: no echo, no cancellation."""
        return self.wave > 0 and abs(self.lag) <= 1


class ChannelMeter:
    """Measures the channels of a recording, block by block.

    What it keeps grows by one level of 100 ms per channel (40 bytes a second),
    not by samples.
    """

    def __init__(self) -> None:
        self.channels = 0
        """0 until the first block."""
        self._rest: NDArray[np.float32] = np.zeros((0, 0), np.float32)
        self._levels: list[NDArray[np.float32]] = []
        self._energy: NDArray[Any] = np.zeros(0)
        self._cross: NDArray[Any] = np.zeros(0)

    def add(self, block: Block) -> None:
        """Listen to the next block; all have the same channels."""
        if not self.channels:
            self.channels = block.samples.shape[0]
            self._rest = np.zeros((self.channels, 0), np.float32)
            self._energy = np.zeros(self.channels)
            self._cross = np.zeros((len(self.pairs), 2 * MAX_LAG + 1))
        samples = np.concatenate((self._rest, block.samples), axis=1)
        whole = samples.shape[1] // SEGMENT * SEGMENT
        self._rest = samples[:, whole:].copy()
        for start in range(0, whole, BATCH * SEGMENT):
            self._measure(samples[:, start : min(whole, start + BATCH * SEGMENT)])

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Every two channels."""
        return list(combinations(range(self.channels), 2))

    def levels(self) -> NDArray[np.float32]:
        """Return the level of every 100 ms in dBFS (0 is a square wave), shape (channels, n)."""
        self._finish()
        return np.concatenate(self._levels, axis=1) if self._levels else np.zeros((0, 0), "f4")

    def likeness(self, first: int, second: int) -> Likeness:
        """Compare two channels, `first` < `second`; they must not be silent."""
        levels = self.levels()
        energy = np.sqrt(self._energy[first] * self._energy[second])
        cross = self._cross[self.pairs.index((first, second))] / max(energy, 1e-12)
        best = int(np.abs(cross).argmax())
        return Likeness(
            float(np.clip(cross[best], -1, 1)),
            best - MAX_LAG,
            _same_course(levels[first], levels[second]),
        )

    def _finish(self) -> None:
        missing = -self._rest.shape[1] % SEGMENT
        if missing:
            # The mean adds neither level nor correlation, even where there is a constant.
            self._measure(np.pad(self._rest, ((0, 0), (0, missing)), mode="mean"))
            self._rest = self._rest[:, :0]

    def _measure(self, samples: NDArray[np.float32]) -> None:
        frames = samples.reshape(self.channels, -1, FRAME)
        power = frames.var(axis=2)
        self._levels.append((10 * np.log10(power + 1e-12)).astype(np.float32))
        parts = samples.reshape(self.channels, -1, SEGMENT)
        parts = parts - parts.mean(axis=2, keepdims=True)
        self._energy += (parts**2).sum(axis=(1, 2), dtype=np.float64)
        if self.channels > 1:
            spectra = np.fft.rfft(parts, 2 * SEGMENT)
            for at, (first, second) in enumerate(self.pairs):
                self._cross[at] += _correlation(spectra[first], spectra[second])


def _correlation(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Return the sum of products at the lags -MAX_LAG to MAX_LAG from spectra of segments."""
    products = np.fft.irfft((first.conj() * second).sum(axis=0), 2 * SEGMENT)
    around = np.concatenate((products[-MAX_LAG:], products[: MAX_LAG + 1]))
    # Segments that are shifted against each other overlap a little less.
    overlap: NDArray[Any] = 1 - np.abs(np.arange(-MAX_LAG, MAX_LAG + 1)) / SEGMENT
    aligned: NDArray[Any] = around / overlap
    return aligned


def _same_course(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    both: NDArray[Any] = np.stack((first, second))
    both = np.maximum(both - np.percentile(both, 99, axis=1, keepdims=True), SPAN)
    both = both[:, (both > ACTIVE).any(axis=0)]
    # Less than a second says nothing, and neither does a channel without ups and downs.
    if both.shape[1] * FRAME < RATE or (both.std(axis=1) < 0.1).any():
        return 0.0
    return float(np.corrcoef(both)[0, 1])


def verdict(meter: ChannelMeter, wish: ChannelsWish) -> LegPlan:
    """Decide which channels become legs.

    `split` makes a leg of every channel that sounds, `mix` one leg of all,
    `auto` a leg of every channel that has a signal of its own. With three
    channels of which one is the mix of the others all three are legs.
    """
    levels = meter.levels()
    sounding = tuple(k for k in range(meter.channels) if _sounds(levels[k]))
    if meter.channels == 1:
        return LegPlan(False, (0,), "mono")
    if not sounding:
        return LegPlan(False, (0,), "silence")
    if wish == "split":
        return LegPlan(True, sounding, "asked")
    groups = _groups(meter, sounding)
    if wish == "mix":
        return LegPlan(False, tuple(sorted(k for g in groups for k in _mixable(meter, g))), "asked")
    if len(sounding) == 1:
        # The other leg said nothing; whose voice this is can still be told by its channel.
        return LegPlan(True, sounding, "one side silent")
    if len(groups) == 1:
        return LegPlan(False, _mixable(meter, groups[0]), "same signal on both sides")
    channels = tuple(sorted(_loudest(meter, group) for group in groups))
    return LegPlan(True, channels, "two legs" if len(channels) == 2 else "several legs")


def legs(block: Block, plan: LegPlan) -> list[tuple[int | None, Samples]]:
    """Cut a block into its legs: (channel, samples of shape (n,)).

    The channel is None where the leg is not one party but the whole call.
    """
    if plan.split:
        return [(channel, block.samples[channel]) for channel in plan.channels]
    if len(plan.channels) == 1:
        return [(None, block.samples[plan.channels[0]])]
    return [(None, block.samples[list(plan.channels)].mean(axis=0))]


def _sounds(levels: NDArray[np.float32]) -> bool:
    return int((levels > SILENT).sum()) > min(CLICKS, levels.size // 10)


def _groups(meter: ChannelMeter, sounding: tuple[int, ...]) -> list[list[int]]:
    """Put channels with the same signal together; each group is in ascending order."""
    groups: list[list[int]] = []
    for channel in sounding:
        same = (group for group in groups if meter.likeness(group[0], channel).same)
        group = next(same, None)
        if group is None:
            groups.append([channel])
        else:
            group.append(channel)
    return groups


def _loudest(meter: ChannelMeter, group: list[int]) -> int:
    levels = meter.levels()
    return max(group, key=lambda channel: float(np.percentile(levels[channel], 99)))


def _mixable(meter: ChannelMeter, group: list[int]) -> tuple[int, ...]:
    """Return the channels of a group that may be averaged, or the loudest of them."""
    if all(meter.likeness(group[0], other).in_step for other in group[1:]):
        return tuple(group)
    return (_loudest(meter, group),)
