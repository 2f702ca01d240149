"""Text as the rules see it: words with their places, phrases, spans."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

_WORD = re.compile(r"\[[A-Z]+_\d+\]|[^\W\d_]+|\d+")
_ENDS = re.compile(r"[.!?;]\s|\n|\[[A-Z]+_\d+\]")
"""A sentence ends here, or something was masked already."""


class Span(NamedTuple):
    """Something found, in characters of one text."""

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Line:
    """One text and its words. What an apostrophe or a hyphen joins counts as two words."""

    text: str
    words: tuple[str, ...]
    """In lower case, without accents."""
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    english: bool = True
    """False when it is known to be in another language."""

    def __len__(self) -> int:
        """How many words."""
        return len(self.words)

    def written(self, at: int) -> str:
        """Return a word as the text has it."""
        return self.text[self.starts[at] : self.ends[at]]

    def between(self, at: int) -> str:
        """Return what stands between a word and the next one."""
        return self.text[self.ends[at] : self.starts[at + 1]] if at + 1 < len(self) else "\n"

    def stops(self, at: int) -> bool:
        """Tell whether a sentence ends behind a word."""
        return bool(_ENDS.search(self.between(at)))

    def span(self, label: str, first: int, after: int, score: float) -> Span:
        """Return the span from one word to the last one before `after`."""
        return Span(label, self.starts[first], self.ends[after - 1], score)


def line(text: str, language: str | None = None) -> Line:
    """Take a text apart; `language` is ISO 639-1."""
    found = [match for match in _WORD.finditer(text) if match.group()[0] != "["]
    return Line(
        text,
        tuple(fold(match.group()) for match in found),
        tuple(match.start() for match in found),
        tuple(match.end() for match in found),
        language in (None, "en"),
    )


def fold(word: str) -> str:
    """Return a word in lower case and without accents; recognisers disagree on both."""
    plain = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


class Phrases:
    """Phrases of one or more words, found by the longest that fits."""

    def __init__(self, phrases: Iterable[str]) -> None:
        """Take phrases as people write them."""
        self._by_first: dict[str, list[tuple[str, ...]]] = {}
        for words in {line(phrase).words for phrase in phrases}:
            self._by_first.setdefault(words[0], []).append(words)
        for known in self._by_first.values():
            known.sort(key=len, reverse=True)

    def at(self, words: tuple[str, ...], first: int) -> int:
        """Return how many words of a phrase begin here; 0 for none."""
        if not 0 <= first < len(words):
            return 0
        for phrase in self._by_first.get(words[first], ()):
            if words[first : first + len(phrase)] == phrase:
                return len(phrase)
        return 0

    def all(self, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
        """Yield the first word of every phrase and the word after it."""
        for first in range(len(words)):
            if length := self.at(words, first):
                yield first, first + length


@cache
def table(name: str) -> dict[str, Any]:
    """Return a table of words; `numbers` is `numbers.toml` beside this file."""
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


@cache
def phrases(name: str, key: str) -> Phrases:
    """Return the phrases of one key of a table, in all languages."""
    return Phrases(table(name)[key])


@cache
def words_of(name: str, key: str) -> frozenset[str]:
    """Return the single words of one key of a table, folded."""
    return frozenset(fold(word) for word in table(name)[key])
