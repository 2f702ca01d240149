"""Turns from a segmentation that hears a few speakers at once in every short chunk of a call.

In each chunk the speakers are counted anew. Their voices tell who is who; then
all chunks that cover a moment vote on who speaks there, and how many do.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from voicectl.interfaces import Turn
from voicectl_models import voices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl_models.voices import Labels, Vectors

ACTIVE = 0.5
"""Activity above which a speaker of a chunk speaks."""
SHORTEST_SECONDS = 0.2
"""A shorter turn is none, and a shorter pause inside one neither."""


@dataclass(frozen=True, slots=True)
class Chunks:
    """What the segmentation heard."""

    activity: NDArray[np.float32]
    """0 to 1, shape (chunks, frames, speakers of a chunk)."""
    starts: NDArray[np.float64]
    """Of each chunk, in seconds."""
    frame: float
    """Seconds from one frame to the next."""


def turns(
    chunks: Chunks,
    spoke: NDArray[np.bool_],
    vectors: Vectors,
    bounds: tuple[int, int],
    end: float,
) -> tuple[Turn, ...]:
    """Return who speaks when; turns overlap where several do.

    `spoke` says which speakers of which chunk have a voice, shape (chunks,
    speakers); `vectors` are those voices in the same order; `bounds` are the
    fewest and the most speakers. The last chunk may reach beyond `end`, where
    the recording has ended: what is heard there is not.
    """
    if not len(vectors):
        return ()
    centres = voices.voices(vectors, *bounds)
    likeness = np.full((*spoke.shape, len(centres)), -np.inf)
    likeness[spoke] = vectors @ centres.T
    votes, count = _votes(chunks, likeness)
    frames = round(end / chunks.frame)
    return _as_turns(votes[:frames], count[:frames], chunks.frame)


def _votes(chunks: Chunks, likeness: NDArray[np.float64]) -> tuple[NDArray[np.float64], Labels]:
    """Return the mean activity of every voice, shape (frames, voices), and how many speak."""
    size, frame = chunks.activity.shape[1], chunks.frame
    firsts = np.rint(chunks.starts / frame).astype(np.int64)
    length = int(firsts.max()) + size
    votes = np.zeros((length, likeness.shape[2]))
    speaking, heard = np.zeros(length), np.zeros(length)
    for chunk, first in enumerate(firsts):
        activity = chunks.activity[chunk]
        place = slice(first, first + size)
        heard[place] += 1
        speaking[place] += (activity > ACTIVE).sum(axis=1)
        for speaker, voice in _one_to_one(likeness[chunk]):
            votes[place, voice] += activity[:, speaker]
    heard = np.maximum(heard, 1)
    return votes / heard[:, None], np.rint(speaking / heard).astype(np.int64)


def _one_to_one(likeness: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Give every speaker of a chunk a voice, each its own while there are enough."""
    there = np.flatnonzero(np.isfinite(likeness[:, 0]))
    if len(there) > likeness.shape[1]:
        return [(int(one), int(likeness[one].argmax())) for one in there]
    pairs = (zip(there, order, strict=True)
             for order in permutations(range(likeness.shape[1]), len(there)))  # fmt: skip
    return max(
        ([(int(one), voice) for one, voice in pair] for pair in pairs),
        key=lambda pair: sum(likeness[one, voice] for one, voice in pair),
    )


def _as_turns(votes: NDArray[np.float64], count: Labels, frame: float) -> tuple[Turn, ...]:
    ranks = (-votes).argsort(axis=1).argsort(axis=1)
    speaks = (ranks < count[:, None]) & (votes > 0)
    whole = np.maximum(votes.sum(axis=1), 1e-9)
    found = []
    for voice in range(votes.shape[1]):
        for first, after in _runs(speaks[:, voice], round(SHORTEST_SECONDS / frame)):
            sure = float((votes[first:after, voice] / whole[first:after]).mean())
            found.append((first * frame, after * frame, voice, sure))
    found.sort()
    order = {voice: k for k, voice in enumerate(dict.fromkeys(voice for _, _, voice, _ in found))}
    return tuple(
        Turn(round(start, 3), round(end, 3), order[voice], round(min(sure, 1.0), 4))
        for start, end, voice, sure in found
    )


def _runs(speaks: NDArray[np.bool_], shortest: int) -> list[tuple[int, int]]:
    """Return where a voice speaks, without the shortest pauses and turns."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], speaks, [False])).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for first, after in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] < shortest:
            runs[-1] = (runs[-1][0], after)
        else:
            runs.append((first, after))
    return [(first, after) for first, after in runs if after - first >= shortest]
