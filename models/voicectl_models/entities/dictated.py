"""Numbers that only several segments show: dictated in parts, or the answer to a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from voicectl_models.entities.lines import Line, Span, phrases
from voicectl_models.entities.numbers import Run, runs

_PART = 2
"""Digits of the shortest part."""
_NUMBER = 7
"""Digits that are a telephone number together."""
_APART = 2
"""A part belongs to the one at most so many segments before; between them the other says yes."""
_ANSWER = 4
"""Digits of a number that somebody asked for; the recogniser may have lost the others."""


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


def answers(lines: Sequence[Line]) -> Iterator[tuple[int, Span]]:
    """Yield the segment and the span of every number that the segment before it asks for.

    It was said in three words or more: what is one figure in the text is an amount or a year.
    """
    for at, (question, answer) in enumerate(zip(lines, lines[1:], strict=False), 1):
        label = _asked(question)
        for run in runs(answer) if label else ():
            if run.digits >= _ANSWER and run.after - run.first >= _PART + 1 and not run.quantity:
                yield at, answer.span(label, run.first, run.after, 0.6)


def _asked(line: Line) -> str:
    """Return the label of the number that a text asks for; none for its own, or for nothing."""

    def said(key: str) -> bool:
        return any(phrases("cues", key).all(line.words))

    if not said("number") or said("own_number"):
        return ""
    return "ID" if said("id") and not said("phone") else "PHONE"


def _told(chain: Sequence[tuple[int, Run]], lines: Sequence[Line]) -> Iterator[tuple[int, Span]]:
    several = len({at for at, _ in chain}) > 1
    if several and sum(run.digits for _, run in chain) >= _NUMBER:
        for at, run in chain:
            yield at, lines[at].span("PHONE", run.first, run.after, 0.7)
