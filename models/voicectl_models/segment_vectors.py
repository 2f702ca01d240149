"""Calls as vectors, small enough to be kept: a byte a dimension, and the middle of each call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from voicectl.embedding import Embedder

LARGEST = 127


def of(embedder: Embedder, calls: Sequence[Sequence[str]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield for each call its vectors as signed bytes, and their middle as 4-byte numbers.

    A vector is stretched until its largest number fits: only directions are compared. All
    texts are read together, which is faster. Without a text both are empty.
    """
    every = embedder.embed([text for texts in calls for text in texts])
    at = 0
    for texts in calls:
        own = every[at : at + len(texts)]
        at += len(texts)
        largest = np.abs(own).max(axis=1, keepdims=True) if len(own) else np.ones((0, 1))
        small = np.rint(own / largest * LARGEST).astype(np.int8)
        centre = own.mean(axis=0).astype(np.float32).tobytes() if len(own) else b""
        yield small.tobytes(), centre
