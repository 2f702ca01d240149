"""Telephone numbers and the numbers of documents, spoken or written."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicectl_models.entities.lines import Line, Span, phrases
from voicectl_models.entities.numbers import Run, numeral, repeats, runs

_PLUS = re.compile(r"(?:\bplus |[+(]+)$", re.IGNORECASE)
_PHONE = range(6, 17)
"""Digits of a telephone number, with an extension; a recogniser loses some of them."""
_SINGLY = 5
"""Digits that are one when each was said by itself."""
_ANNOUNCED = 4
"""Digits that are a number when the words before said so."""
_NEAR = 9
"""Words between `my number is` and the number."""


def find(line: Line) -> Iterator[Span]:
    """Yield telephone numbers and numbers of documents."""
    for run in runs(line):
        label = _label(line, run)
        if label:
            first, after = _letters(line, run) if label == "ID" else (run.first, run.after)
            yield _with_brackets(line, line.span(label, first, after, 0.9))


def _label(line: Line, run: Run) -> str | None:
    phone, document = _last(line, run.first, "phone"), _last(line, run.first, "id")
    if document < 0 and phone < 0:
        phone = max(_last(line, run.first, "number"), _behind(line, run.after))
    announced = max(phone, document) >= 0
    if _last(line, run.first, "own_number") >= 0 or (_counting(run) and not announced):
        return None
    trunk = run.values[:1] == (0,)
    if run.quantity and not (announced or trunk):
        return None
    if document > phone and run.digits >= _ANNOUNCED:
        return "ID"
    singly = _SINGLY <= run.digits == len(run.values) == run.after - run.first
    if run.digits in _PHONE or (singly and not run.quantity):
        return "PHONE" if phone >= 0 or trunk or run.digits <= 13 else "ID"
    if run.digits > _PHONE[-1]:
        return "ID"
    return "PHONE" if phone >= 0 and run.digits >= _ANNOUNCED and not _year(run) else None


def _last(line: Line, before: int, key: str) -> int:
    """Return where the last cue of a kind stands just before; -1, ahead of any, for none."""
    words, known = line.words, phrases("cues", key)
    for at in range(before - 1, max(before - 1 - _NEAR, -1), -1):
        if known.at(words, at):
            return at + known.at(words, at) - 1
    return -1


def _behind(line: Line, after: int) -> int:
    """Return where `is my number` stands just behind; -1, ahead of any place, for nowhere."""
    known = phrases("cues", "phone")
    return next((at for at in range(after, after + 3) if known.at(line.words, at)), -1)


def _counting(run: Run) -> bool:
    """One two three ... is a test of the line, and so is ten nine eight."""
    steps = {b - a for a, b in zip(run.values, run.values[1:], strict=False)}
    return run.after - run.first <= len(run.values) + 1 and (steps in ({1}, {-1}))


def _year(run: Run) -> bool:
    return run.digits == _ANNOUNCED and run.after - run.first <= 2


def _letters(line: Line, run: Run) -> tuple[int, int]:
    """Single letters around the digits belong to the number of a document."""
    first, after = run.first, run.after
    while first and _part(line.words[first - 1]) and not line.stops(first - 1):
        first -= 1
    while after < len(line) and _part(line.words[after]) and not line.stops(after - 1):
        after += 1
    return first, after


def _part(word: str) -> bool:
    return len(word) == 1 or numeral(word) or repeats(word) > 1


def _with_brackets(line: Line, span: Span) -> Span:
    before = line.text[: span.start]
    plus = _PLUS.search(before)
    return span._replace(start=plus.start()) if plus else span
