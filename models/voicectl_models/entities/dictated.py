"""Numbers dictated over several segments: `oh seven two two` - `yes` - `one one two`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voicectl_models.entities.lines import Line, Span
from voicectl_models.entities.numbers import Run, runs

_PART = 2
"""Digits of the shortest part."""
_NUMBER = 7
"""Digits that are a telephone number together."""
_APART = 2
"""A part belongs to the one at most so many segments before; between them the other says yes."""


def find(lines: Sequence[Line]) -> Iterator[tuple[int, Span]]:
    """Yield the segment and the span of every part of a number that only the whole call shows."""
    chain: list[tuple[int, Run]] = []
    for at, line in enumerate(lines):
        parts = [run for run in runs(line) if run.digits >= _PART and not run.quantity]
        if parts and (not chain or at - chain[-1][0] > _APART or parts[0].first > 1):
            yield from _told(chain, lines)
            chain = []
        for run in parts:
            if chain or run.after == len(line):
                chain.append((at, run))
        if chain and chain[-1][0] == at and chain[-1][1].after < len(line):
            yield from _told(chain, lines)
            chain = []
    yield from _told(chain, lines)


def _told(chain: Sequence[tuple[int, Run]], lines: Sequence[Line]) -> Iterator[tuple[int, Span]]:
    several = len({at for at, _ in chain}) > 1
    if several and sum(run.digits for _, run in chain) >= _NUMBER:
        for at, run in chain:
            yield at, lines[at].span("PHONE", run.first, run.after, 0.7)
