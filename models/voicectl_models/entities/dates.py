"""Dates of birth and other days, and ages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicectl_models.entities.lines import Line, Span, phrases, words_of
from voicectl_models.entities.numbers import numeral, quantity_after, quantity_before, runs

_DAY = r"(?:[0-2]?\d|3[01])"
_WRITTEN = re.compile(
    rf"\b(?:\d{{4}}[-/.]{_DAY}[-/.]{_DAY}|{_DAY}[-/.]{_DAY}[-/.](?:\d{{4}}|\d{{2}}))"
    r"(?: \d{1,2}:\d{2}(?::\d{2})?)?\b(?!\.\d)"
)
_OLDEST = 4
"""Words of the longest age."""
_BARE = 2
"""Digits of an age of which nothing says that it is one."""


def find(line: Line) -> Iterator[Span]:
    """Yield days and years of birth."""
    for match in _WRITTEN.finditer(line.text):
        yield Span("DATE", match.start(), match.end(), 0.97)
    for first, after in phrases("cues", "months").all(line.words):
        begin, end = _day_before(line, first), _after(line, after)
        if begin < first or end > after:
            yield line.span("DATE", begin, end, 0.96)
    for _, after in phrases("cues", "date_of_birth").all(line.words):
        first = after
        while first < len(line) and line.words[first] in words_of("cues", "date_joints") | {"in"}:
            first += 1
        end = _after(line, first)
        if end > first and (begun := _first_number(line, first, end)) < end:
            yield line.span("DATE", begun, end, 0.96)


def ages(line: Line) -> Iterator[Span]:
    """Yield ages: the number and not `years old`."""
    not_before, not_after = phrases("cues", "not_age_before"), phrases("cues", "not_age_after")
    for at, after in phrases("cues", "age_after").all(line.words):
        first = max(quantity_before(line, at), at - _OLDEST)
        told = any(not_before.at(line.words, first - back) == back for back in (1, 2, 3))
        old = "old" in line.words[at:after]
        if first < at and not not_after.at(line.words, after) and (old or not told):
            yield line.span("AGE", first, at, 0.8)
    for at, first in phrases("cues", "age_before").all(line.words):
        end = quantity_after(line, first)
        told = not_before.at(line.words, at - 1) > 0 and "umri" not in line.words[at:first]
        if first < end <= first + _OLDEST and not (told or not_after.at(line.words, end)):
            yield line.span("AGE", first, end, 0.8)
    yield from _bare_ages(line)


def _bare_ages(line: Line) -> Iterator[Span]:
    """Yield ages that nothing names: `i'm seventeen and ...`, but not `i'm ten minutes late`."""
    behind = {after for _, after in phrases("cues", "age_of").all(line.words)}
    counted = phrases("cues", "counted")
    for run in runs(line):
        told = run.first in behind and not line.stops(run.first - 1)
        if told and run.digits <= _BARE and not (run.quantity or counted.at(line.words, run.after)):
            yield line.span("AGE", run.first, run.after, 0.6)


def _number(word: str) -> bool:
    return numeral(word) or word in words_of("numbers", "ordinals")


def _day_before(line: Line, first: int) -> int:
    begin = at = first
    while at and first - at < 6 and not line.stops(at - 1):
        at -= 1
        if _number(line.words[at]):
            begin = at
        elif line.words[at] not in words_of("cues", "date_joints") | {"na", "y", "et", "e"}:
            break
    return begin


def _after(line: Line, after: int) -> int:
    end = at = after
    between = words_of("cues", "date_joints") | {"na", "y", "et", "e", "and"}
    while at < len(line) and at - after < 12 and not (at and line.stops(at - 1)):
        if _number(line.words[at]) or phrases("cues", "months").at(line.words, at) == 1:
            end = at + 1
        elif line.words[at] not in between:
            break
        at += 1
    return end


def _first_number(line: Line, first: int, end: int) -> int:
    return next((at for at in range(first, end) if _number(line.words[at])), end)
