"""What was said, in another language: segment by segment, so that times and ids stay."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """One segment in the other language."""

    segment: int
    """Id of the segment that it says; times and speaker are that segment's."""
    text: str
    suspect: str | None = None
    """Why the text may be invented (`loop`, `silence`, …); None when it is not suspected."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A transcript in another language.

    Not in it are segments that were said in that language anyway, and suspect ones.
    """

    language: str
    """Of the text; ISO 639-1."""
    segments: tuple[TranslatedSegment, ...]
    """In the order of the transcript."""
    runner: str
    """Who translated; several names where languages were mixed."""
    model: str
