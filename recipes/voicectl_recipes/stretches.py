"""Stretches of a recording in which somebody speaks, and those in which nobody does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Stretch: TypeAlias = tuple[float, float]
"""Start and end, in seconds on the clock of the recording."""

SHORTEST_SECONDS = 2.0
"""A pause that is shorter is part of a conversation."""


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the stretches of all legs in order of time, those that overlap as one."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def between(speech: Sequence[Stretch], seconds: float) -> tuple[Stretch, ...]:
    """Return what lies between stretches of speech in a recording, leaving out short pauses.

    `speech` is as `joined` returns it.
    """
    starts = [0.0, *(end for _, end in speech)]
    ends = [*(start for start, _ in speech), seconds]
    return tuple(
        (round(start, 3), round(end, 3))
        for start, end in zip(starts, ends, strict=True)
        if end - start >= SHORTEST_SECONDS
    )
