"""What stages find in a transcript: values that point into its segments."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entity:
    """A name, number, place or the like, where it was said."""

    label: str
    """`NAME`, `PLACE`, `ADDRESS`, `ORG`, `PHONE`, `ID`, `EMAIL`, `URL`, `DATE`, `AGE`, `MONEY`."""
    text: str
    """As the segment has it: `segment.text[start:end]`."""
    segment: int
    """Id of the segment."""
    start: int
    """In characters from the start of the segment's text."""
    end: int
    """The first character behind it."""
    score: float
    """0 to 1: how sure; not a probability."""
