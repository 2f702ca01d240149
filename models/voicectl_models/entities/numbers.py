"""Numbers as people say them: digit by digit, in pairs, or as one quantity."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from voicectl_models.entities.lines import Line, fold, table, words_of

_ACROSS = 3
"""Words that may stand between two digits of a number: `two to four` is heard as `to do for`."""


class Run(NamedTuple):
    """Numbers in a row."""

    first: int
    after: int
    """The word behind the last one."""
    digits: int
    """How many digits it has when it is read as a row of digits."""
    quantity: bool
    """It has a word like `hundred`."""
    values: tuple[int, ...]
    """Of its words that are single digits."""


@cache
def _digits() -> dict[str, int]:
    rows = table("numbers")["digits"]
    return {fold(word): value for value, row in enumerate(rows) for word in row}


@cache
def _worth() -> dict[str, int]:
    worth = dict.fromkeys(_digits(), 1)
    for key, digits in (("pairs", 2), ("tens", 2), ("hundreds", 2), ("thousands", 3)):
        worth |= dict.fromkeys(words_of("numbers", key), digits)
    return worth


def numeral(word: str) -> bool:
    """Tell whether a word is a number or a part of one."""
    return word.isdecimal() or word in _worth()


def strong(word: str) -> bool:
    """Tell whether a word is a number and nothing else."""
    return numeral(word) and word not in words_of("numbers", "weak")


def repeats(word: str) -> int:
    """Return how often the digit behind this word is meant; 1 for any other word."""
    if word in words_of("numbers", "double"):
        return 2
    return 3 if word in words_of("numbers", "triple") else 1


def runs(line: Line) -> Iterator[Run]:
    """Yield the longest rows of numbers of a line."""
    at = 0
    while at < len(line):
        if _begins(line, at):
            after = _end(line, at)
            yield _run(line, at, after)
            at = after
        else:
            at += 1


def quantity_after(line: Line, first: int) -> int:
    """Return the word behind the quantity that begins here; `first` when none does."""
    after = first
    while after < len(line) and numeral(line.words[after]):
        after += 1
        joint = after < len(line) and line.words[after] in words_of("numbers", "joints")
        if joint and after + 1 < len(line) and numeral(line.words[after + 1]):
            after += 1
    return after


def quantity_before(line: Line, after: int) -> int:
    """Return the first word of the quantity that ends before `after`; `after` when none does."""
    first = after
    while first and numeral(line.words[first - 1]):
        first -= 1
        joint = first > 1 and line.words[first - 1] in words_of("numbers", "joints")
        if joint and numeral(line.words[first - 2]):
            first -= 1
    return first


def _begins(line: Line, at: int) -> bool:
    word = line.words[at]
    following = line.words[at + 1] if at + 1 < len(line) else ""
    if repeats(word) > 1 or word == "o":
        return numeral(following) or repeats(following) > 1
    return strong(word)


def _end(line: Line, first: int) -> int:
    after = at = first
    while at < len(line):
        word = line.words[at]
        if numeral(word) or repeats(word) > 1:
            after = at + 1 if strong(word) or _between_digits(line, at) else after
        elif at - after >= _ACROSS or word not in words_of("numbers", "joints"):
            break
        if line.stops(at):
            break
        at += 1
    return max(after, first + 1)


def _between_digits(line: Line, at: int) -> bool:
    """A weak digit counts when another number stands right before it or right behind it."""
    before = line.words[at - 1] if at else ""
    following = line.words[at + 1] if at + 1 < len(line) else ""
    return strong(before) or strong(following)


def _run(line: Line, first: int, after: int) -> Run:
    digits, times, values = 0, 1, []
    words = line.words[first:after]
    for at, word in enumerate(words):
        if word in _digits() or word.isdecimal():
            filled = at and words[at - 1] in words_of("numbers", "tens") and word in _digits()
            digits += 0 if filled else times * (len(word) if word.isdecimal() else 1)
            values += [_digits()[word]] if word in _digits() else [int(digit) for digit in word]
        else:
            digits += _worth().get(word, 0)
        times = repeats(word)
    large = words_of("numbers", "hundreds") | words_of("numbers", "thousands")
    return Run(first, after, digits, not large.isdisjoint(words), tuple(values))
