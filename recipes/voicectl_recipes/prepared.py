"""Schemes and forms as vectors, made once in a process for each content and embedder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from voicectl.embedding import Embedder

MOST = 8
"""Schemes and forms that are kept; a correction makes a new one."""

T = TypeVar("T")
P = TypeVar("P")

_kept: WeakKeyDictionary[Embedder, dict[Any, Any]] = WeakKeyDictionary()
"""Gone with the embedder that made the vectors."""


def once(prepare: Callable[[T, Embedder], P], written: T, embedder: Embedder) -> P:
    """Return `prepare(written, embedder)`, as it was made before where it was."""
    kept = _kept.setdefault(embedder, {})
    if (prepare, written) not in kept:
        while len(kept) >= MOST:
            del kept[next(iter(kept))]
        kept[prepare, written] = prepare(written, embedder)
    found: P = kept[prepare, written]
    return found
