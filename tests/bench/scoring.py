"""Errors counted in one way for everybody: whisper's normaliser, jiwer's edits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import jiwer
from whisper_normalizer.basic import BasicTextNormalizer
from whisper_normalizer.english import EnglishTextNormalizer

BY_CHARACTER = ("sw",)
"""Languages in which the models split words; characters are counted instead."""


@cache
def _normaliser(language: str) -> EnglishTextNormalizer | BasicTextNormalizer:
    return EnglishTextNormalizer() if language == "en" else BasicTextNormalizer()


def plain(text: str, language: str = "en") -> str:
    """Return a text without what is no error: case, punctuation, spelling of numbers."""
    return str(_normaliser(language)(text)).strip()


@dataclass(frozen=True)
class Score:
    """How many words (or characters) of a reference were heard, and how many were not."""

    hits: int = 0
    wrong: int = 0
    """Substituted, left out and put in."""
    total: int = 0
    """Of the reference."""

    def __add__(self, other: Score) -> Score:
        return Score(self.hits + other.hits, self.wrong + other.wrong, self.total + other.total)

    @property
    def error(self) -> float:
        """Word (or character) error rate in percent."""
        return 100 * self.wrong / self.total if self.total else 0.0

    @property
    def recall(self) -> float:
        """Percent of the reference that was heard."""
        return 100 * self.hits / self.total if self.total else 0.0


def score(pairs: Iterable[tuple[str, str]], language: str = "en") -> Score:
    """Compare `(reference, what was heard)`; references without words do not count."""
    cleaned = [(plain(said, language), plain(heard, language)) for said, heard in pairs]
    cleaned = [pair for pair in cleaned if pair[0]]
    if not cleaned:
        return Score()
    said, heard = zip(*cleaned, strict=True)
    count = jiwer.process_characters if language in BY_CHARACTER else jiwer.process_words
    found = count(list(said), list(heard))
    wrong = found.substitutions + found.deletions + found.insertions
    return Score(found.hits, wrong, found.hits + found.substitutions + found.deletions)


def words(text: str, language: str = "en") -> int:
    """Return how many words a text has."""
    return len(plain(text, language).split())
