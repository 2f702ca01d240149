"""Which stretches of speech are one voice: clustering of voice embeddings, and turns from it.

Nothing here knows where embeddings come from. Every row is one short window of
speech as a vector of length 1; windows of one `region`, speech without a pause,
follow each other closely.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from voicectl.interfaces import Turn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """Shape (windows, dimensions)."""
    Labels = NDArray[np.int64]
    """A voice for each window, counted from 0."""

NEIGHBOURS = 2
"""Windows on each side that a window is averaged with before voices are told apart."""
SAME_VOICE, SAME_OF_SEVERAL = 0.88, 0.82
"""Cosine above which the centres of two clusters are one voice, where there are but two clusters
and where there are more. Halves of one speaker lie at 0.83 to 0.94, two speakers at 0.45 to 0.92
(five of 40 built calls above 0.88); of several clusters each has less speech to average."""
RESTARTS, ROUNDS = 8, 30
"""Of k-means: it ends in the best of several local optima."""
FITTED = 4000
"""Windows that centres are computed from; of a longer call an even sample."""
SHARPNESS = 20.0
"""What a difference of cosines is multiplied with to be a log-likelihood."""
CHANGE, CHANGE_AT_PAUSE = 3.0, 1.0
"""What a change of speaker costs, in the middle of speech and after a pause."""


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a whole recording, in order of time."""

    vectors: Vectors
    centres: NDArray[np.float64]
    """Seconds."""
    regions: NDArray[np.int64]
    """Which region each window is of; grows."""
    bounds: tuple[tuple[float, float], ...]
    """Start and end of every region, in seconds."""


def turns(windows: Windows, fewest: int, most: int) -> tuple[Turn, ...]:
    """Return who speaks when, with `fewest` to `most` speakers, numbered as they appear.

    Nobody is heard to speak over somebody else: an overlap is the louder one's.
    """
    if not len(windows.vectors):
        return ()
    smooth = averaged(windows, NEIGHBOURS)
    centres = voices(smooth, fewest, most)
    labels, sure = along(windows, centres)
    return _in_order(_joined(windows, labels, sure))


def averaged(windows: Windows, neighbours: int) -> Vectors:
    """Return every vector averaged with its neighbours of the same region."""
    total = windows.vectors.copy()
    for step in range(1, neighbours + 1):
        same = (windows.regions[step:] == windows.regions[:-step])[:, None]
        total[step:] += windows.vectors[:-step] * same
        total[:-step] += windows.vectors[step:] * same
    return unit(total)


def voices(vectors: Vectors, fewest: int, most: int) -> Vectors:
    """Return the centres of `fewest` to `most` voices."""
    fitted = vectors[:: -(-len(vectors) // FITTED)]
    labels = _best_of_several(fitted, min(most, len(fitted)))
    while (count := int(labels.max()) + 1) > max(1, fewest):
        centres = _centres(fitted, labels)
        likeness = centres @ centres.T - 2 * np.eye(count, dtype=np.float32)
        first, second = np.unravel_index(int(likeness.argmax()), likeness.shape)
        if likeness[first, second] < (SAME_VOICE if count == 2 else SAME_OF_SEVERAL):
            break
        labels[labels == second] = first
        labels = _settled(fitted, _dense(labels))
    return _centres(fitted, labels)


def along(windows: Windows, centres: Vectors) -> tuple[Labels, NDArray[np.float64]]:
    """Return the most likely course of speakers, and how sure each window's is, 0 to 1."""
    scores = SHARPNESS * (averaged(windows, 1) @ centres.T).astype(np.float64)
    pauses = np.diff(windows.regions) > 0
    best = scores[0]
    origins = np.zeros(scores.shape, np.int64)
    elsewhere = 1.0 - np.eye(len(centres))
    for at in range(1, len(scores)):
        price = CHANGE_AT_PAUSE if pauses[at - 1] else CHANGE
        reached = best[:, None] - price * elsewhere
        origins[at] = reached.argmax(axis=0)
        best = reached.max(axis=0) + scores[at]
    labels = np.zeros(len(scores), np.int64)
    labels[-1] = best.argmax()
    for at in range(len(scores) - 1, 0, -1):
        labels[at - 1] = origins[at, labels[at]]
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    odds /= odds.sum(axis=1, keepdims=True)
    return labels, odds[np.arange(len(labels)), labels]


def _best_of_several(vectors: Vectors, count: int) -> Labels:
    chance = np.random.default_rng(2026)
    best, reached = np.zeros(len(vectors), np.int64), -np.inf
    for _ in range(RESTARTS):
        seeds = vectors[chance.choice(len(vectors), count, replace=False)]
        labels = _settled(vectors, _dense((vectors @ seeds.T).argmax(axis=1)))
        found = float((vectors * _centres(vectors, labels)[labels]).sum())
        if found > reached:
            best, reached = labels, found
    return best


def _settled(vectors: Vectors, labels: Labels) -> Labels:
    """Move every vector to its nearest centre until none moves (spherical k-means)."""
    for _ in range(ROUNDS):
        moved = _dense((vectors @ _centres(vectors, labels).T).argmax(axis=1))
        if np.array_equal(moved, labels):
            break
        labels = moved
    return labels


def _dense(labels: NDArray[Any]) -> Labels:
    """Return the labels without numbers that nobody has."""
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def _centres(vectors: Vectors, labels: Labels) -> Vectors:
    return unit(np.stack([vectors[labels == k].mean(axis=0) for k in range(labels.max() + 1)]))


def unit(vectors: NDArray[Any]) -> Vectors:
    """Return the vectors made 1 long; one that is nothing stays so and spoils no other."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    found: Vectors = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return found


def _joined(windows: Windows, labels: Labels, sure: NDArray[np.float64]) -> list[Turn]:
    """Return turns that fill the regions; they change half way between two windows."""
    found: list[Turn] = []
    firsts = np.searchsorted(windows.regions, np.arange(len(windows.bounds) + 1)).tolist()
    for (start, end), first, after in zip(windows.bounds, firsts, firsts[1:], strict=False):
        inside = np.arange(first, after)
        if not len(inside):
            continue
        edges = np.flatnonzero(np.diff(labels[inside])) + 1
        centres = windows.centres[inside]
        cuts = [start, *((centres[edges - 1] + centres[edges]) / 2).tolist(), end]
        for at, part in enumerate(np.split(inside, edges)):
            confidence = float(sure[part].mean())
            found.append(Turn(cuts[at], cuts[at + 1], int(labels[part[0]]), confidence))
    return found


def _in_order(found: list[Turn]) -> tuple[Turn, ...]:
    """Return the turns rounded, their speakers counted in the order in which they appear."""
    order = {voice: k for k, voice in enumerate(dict.fromkeys(turn.speaker for turn in found))}
    return tuple(
        Turn(
            round(turn.start, 3),
            round(turn.end, 3),
            order[turn.speaker],
            round(turn.confidence, 4),
        )
        for turn in found
    )
