"""Sums of money."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicectl_models.entities.lines import Line, Span, phrases
from voicectl_models.entities.numbers import quantity_after, quantity_before

_WRITTEN = re.compile(r"[$€£]\s?\d[\d.,]*\d|[$€£]\s?\d")


def find(line: Line) -> Iterator[Span]:
    """Yield sums with their currency."""
    for match in _WRITTEN.finditer(line.text):
        yield Span("MONEY", match.start(), match.end(), 0.95)
    for at, after in phrases("cues", "currencies").all(line.words):
        first, end = quantity_before(line, at), quantity_after(line, after)
        if first < at:
            yield line.span("MONEY", first, after, 0.92)
        elif end > after:
            yield line.span("MONEY", at, end, 0.92)
