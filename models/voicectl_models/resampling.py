"""Samples of a growing recording at the rate that recognisers want, as they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import numpy as np
from av.audio.resampler import AudioResampler

from voicectl.interfaces import RATE
from voicectl_models.decode import RESAMPLER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples


class Stream:
    """One leg on its way to another rate; what comes out belongs where it went in."""

    def __init__(self, rate: int, to: int = RATE) -> None:
        """Take samples at `rate` Hertz."""
        self._rate, self._to = rate, to
        self._swr = AudioResampler("flt", layout="mono", rate=to, options=RESAMPLER)

    def feed(self, samples: NDArray[np.int16]) -> Samples:
        """Return what is ready; a few milliseconds stay behind until more comes."""
        if self._rate == self._to:
            return samples.astype(np.float32) * np.float32(1 / 32768)
        if not len(samples):
            return np.zeros(0, np.float32)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[None, :], "s16", "mono")
        frame.sample_rate = self._rate
        done = [each.to_ndarray()[0] for each in self._swr.resample(frame)]
        ready: Samples = np.concatenate([np.zeros(0, np.float32), *done]).astype(np.float32)
        return ready
