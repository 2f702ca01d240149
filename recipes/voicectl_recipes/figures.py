"""Numbers as a summary and a speaker may write them: `13` and `thirteen` are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

WORD = re.compile(r"\d+|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
"""Words and rows of digits; `13-year-old` is three words."""

_SMALL = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_TENS = "ten twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth"


def _counted(words: str, first: int, step: int = 1) -> dict[str, int]:
    return {word: first + step * at for at, word in enumerate(words.split())}


WORTH = _counted(_SMALL, 0) | _counted(_TENS, 10, 10) | _counted(_ORDINALS, 1)
DIGITS = {"oh": "0", "o": "0", "nought": "0"}
REPEATS = {"double": 2, "triple": 3}
DICTATED = 4
"""Numbers in a row, from so many on, are one that is dictated digit by digit."""
LONGEST = 20
"""Of them that are read as one."""
VAGUE = frozenset({"one", "first", "second", "oh", "o"})
"""What is mostly no number where none is beside it: `no one`, `at first`, `oh dear`."""


def words_of(text: str) -> list[str]:
    """Return the words of a text, small, without what follows an apostrophe."""
    return [re.split("['\u2019]", word)[0] for word in WORD.findall(text.casefold())]


def number(word: str) -> int | None:
    """Return what one word is worth; None for a word that is no number."""
    if word.isdecimal():
        return int(word)
    return WORTH.get(word)


def told(text: str) -> set[str]:
    """Return every number that the words of a text can be read as, as digits.

    `twenty one` is 20, 1, 21 and 201. Of a number that is dictated only rows of its digits are
    numbers: `oh seven double two one` says 0722 and no 7.
    """
    found: set[str] = set()
    for row in _rows(words_of(text)):
        if len(row) < DICTATED:
            found |= {word.lstrip("0") or "0" for word in row} | _sums(row)
        found |= {word for word in row if len(word) > 1}
        found |= {
            "".join(row[at:after])
            for at in range(len(row))
            for after in range(at + 2, min(len(row), at + LONGEST) + 1)
        }
    return found


def _rows(words: list[str]) -> Iterator[list[str]]:
    """Yield the numbers that stand side by side, each in digits."""
    row: list[str] = []
    times = 1
    for word in [*words, ""]:
        if word in REPEATS:
            times = REPEATS[word]
            continue
        value = number(word)
        digits = word if word.isdecimal() else DIGITS.get(word, "" if value is None else str(value))
        if digits:
            row += [digits] * times
        elif row:
            yield row
            row = []
        times = 1


def _sums(row: list[str]) -> set[str]:
    """Return what tens and units make together."""
    return {
        str(int(tens) + int(unit))
        for tens, unit in pairwise(row)
        if len(tens) == 2 and tens[1] == "0" != tens[0] and len(unit) == 1
    }


def stated(text: str) -> list[str]:
    """Return the numbers that a sentence states, in digits; a dictated one is one number."""
    found = []
    words = ["", *words_of(text), ""]
    meant = [
        "" if word in VAGUE and not (_counts(before) or _counts(after)) else word
        for before, word, after in zip(words, words[1:], words[2:], strict=False)
    ]
    for row in _rows(meant):
        found += ["".join(row)] if len(row) >= DICTATED else _joined(row)
    return found


def _counts(word: str) -> bool:
    return word in DIGITS or word in REPEATS or number(word) is not None


def _joined(row: list[str]) -> list[str]:
    """Return numbers with tens and units made one."""
    found: list[str] = []
    before = ""
    for word in row:
        sums = _sums([before, word])
        if sums:
            found.pop()
        found += sums or {word}
        before = "" if sums else word
    return found
