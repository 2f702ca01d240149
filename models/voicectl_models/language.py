"""Which language Whisper takes a stretch of speech for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from voicectl.interfaces import RATE, Clip

if TYPE_CHECKING:
    from voicectl.interfaces import Samples

FRAMES_PER_SECOND = 100
"""Of Whisper's spectrogram."""
SHORT_SECONDS, FULL_SECONDS = 10, 30
"""The two lengths of window; a short one costs a fifth and finds the language as well."""


def probabilities(
    whisper: Any, clips: Sequence[Clip], size: int, side_by_side: int
) -> list[dict[str, float]]:
    """Return for each clip how likely each language is, from at most half a minute of its speech.

    Up to `size` windows are asked about in one call, `side_by_side` calls at once.
    """
    parts = [_speech(clip) for clip in clips]
    share = max(1, min(size, -(-len(parts) // side_by_side)))
    with ThreadPoolExecutor(side_by_side) as pool:
        batches = list(_batches(parts, share))
        answers = list(pool.map(lambda batch: _ask(whisper, [parts[i] for i in batch]), batches))
    found: dict[int, dict[str, float]] = {}
    for batch, several in zip(batches, answers, strict=True):
        found |= dict(zip(batch, several, strict=True))
    return [found[index] for index in range(len(parts))]


def _speech(clip: Clip) -> Samples:
    regions = [clip.samples[start:end] for start, end in clip.speech]
    joined = np.concatenate(regions) if regions else clip.samples
    return joined[: FULL_SECONDS * RATE]


def _batches(parts: Sequence[Samples], size: int) -> Iterator[list[int]]:
    """Yield the indices of parts that fit the same length of window."""
    for short in (True, False):
        several = [i for i, part in enumerate(parts) if short == _is_short(part)]
        for first in range(0, len(several), size):
            yield several[first : first + size]


def _is_short(part: Samples) -> bool:
    return len(part) <= SHORT_SECONDS * RATE


def _ask(whisper: Any, parts: Sequence[Samples]) -> list[dict[str, float]]:
    seconds = SHORT_SECONDS if _is_short(parts[0]) else FULL_SECONDS
    frames, length = seconds * FRAMES_PER_SECOND, seconds * RATE
    features = [
        whisper.feature_extractor(np.pad(part, (0, length - len(part))))[..., :frames]
        for part in parts
    ]
    found = whisper.model.detect_language(whisper.encode(np.stack(features)))
    # The library tells languages as tokens: <|sw|>.
    return [{token[2:-2]: float(share) for token, share in several} for several in found]
