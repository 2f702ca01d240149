"""What comes out of one window, and how it becomes words and segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from voicectl.interfaces import RATE
from voicectl.types import Segment, Word
from voicectl_models.windows import Window

LONGEST_WORD = 2.0
"""Seconds; the aligner stretches words into the silence beside them."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What came out of one window."""

    window: Window
    tokens: list[int]
    text: str
    avg_logprob: float
    no_speech_prob: float
    temperature: float
    words: list[dict[str, Any]]
    """From the aligner: word, tokens, start, end (seconds of the window), probability."""

    def unheard_seconds(self) -> float:
        """Return the longest stretch of speech in which no word was heard.

        A turn without any word counts whole, and twice: a short answer that is
        lost changes a call more than a hesitation that is not written down.
        """
        middles: list[list[float]] = [[] for _ in self.window.turns]
        for word in self.words:
            middle = (word["start"] + word["end"]) / 2
            middles[self.window.turn_at(middle)].append(middle)
        longest = 0.0
        for turn, heard in zip(self.window.turns, middles, strict=True):
            begin, end = turn.at / RATE, turn.until / RATE
            marks = [begin, *heard, end]
            gap = max(after - before for before, after in pairwise(marks))
            longest = max(longest, gap if heard else 2 * gap)
        return longest


def tightened(words: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the words with the first and last no longer than a word can be."""
    tight = [dict(word) for word in words]
    first, last = tight[0], tight[-1]
    first["start"] = max(first["start"], first["end"] - LONGEST_WORD)
    last["end"] = min(last["end"], last["start"] + LONGEST_WORD)
    return tight


def as_words(words: Sequence[dict[str, Any]]) -> tuple[Word, ...]:
    """Return the aligner's words as values."""
    return tuple(
        Word(
            start=rounded(word["start"], 3),
            end=rounded(word["end"], 3),
            text=word["word"],
            probability=rounded(word["probability"]),
        )
        for word in words
    )


def mean_probability(words: Sequence[dict[str, Any]]) -> float | None:
    """Return how sure the recogniser was of the words; None without words."""
    if not words:
        return None
    return rounded(sum(word["probability"] for word in words) / len(words))


def shifted(segment: Segment, offset: float) -> Segment:
    """Return the segment on the clock of the recording."""
    words = tuple(
        replace(word, start=rounded(offset + word.start, 3), end=rounded(offset + word.end, 3))
        for word in segment.words
    )
    start, end = rounded(offset + segment.start, 3), rounded(offset + segment.end, 3)
    return replace(segment, start=start, end=end, words=words)


def rounded(number: float, digits: int = 4) -> float:
    """Return a plain float; some of the library's numbers are NumPy's."""
    return round(float(number), digits)
