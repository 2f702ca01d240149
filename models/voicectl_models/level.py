"""Quiet legs made as loud as others, so that what is soft is not taken for silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voicectl.interfaces import RATE

if TYPE_CHECKING:
    from voicectl.interfaces import Samples

TARGET = 0.1
"""Root mean square of speech after levelling: -20 dBFS."""
MOST_GAIN = 30.0
"""About +30 dB; more would raise the noise of an empty line to speech."""
FRAME_SECONDS = 0.1
LOUD_SHARE = 0.95
"""The level of a leg is that of its frames at this quantile: speech, not the pauses."""


def levelled(samples: Samples) -> Samples:
    """Return the samples scaled so that their speech has the target level; never clipped.

    A leg that is loud enough is returned as it is.
    """
    gain = min(TARGET / max(speech_level(samples), 1e-9), MOST_GAIN)
    if gain <= 1.0:
        return samples
    peak = float(np.abs(samples).max(initial=0.0))
    return samples * np.float32(min(gain, 0.99 / max(peak, 1e-9)))


def speech_level(samples: Samples) -> float:
    """Return the root mean square of the loud frames; 0 for silence."""
    frame = int(FRAME_SECONDS * RATE)
    count = len(samples) // frame
    if not count:
        return float(np.sqrt(np.square(samples).mean())) if len(samples) else 0.0
    energy = np.square(samples[: count * frame]).reshape(count, frame).mean(axis=1)
    return float(np.sqrt(np.quantile(energy, LOUD_SHARE)))
