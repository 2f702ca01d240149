"""What is found in a call and what it is taken to mean, all with the segments it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

Evidence = tuple[int, ...]
"""Ids of segments, the one that says most first."""

Kind: TypeAlias = Literal[
    "NAME", "PLACE", "ADDRESS", "ORG", "PHONE", "ID", "EMAIL", "URL", "DATE", "AGE", "MONEY"
]
"""What entities are."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A name, number, place or the like, where it was said."""

    label: str
    """See `Kind`; backends of a site may have more."""
    text: str
    """As the segment has it: `segment.text[start:end]`; its placeholder where that is masked."""
    segment: int
    """Id of the segment."""
    start: int
    """In characters from the start of the segment's text."""
    end: int
    """The first character behind it."""
    score: float
    """0 to 1: how sure; not a probability."""


@dataclass(frozen=True, slots=True)
class Label:
    """A category of the site's scheme."""

    scheme: str
    """Title of the scheme."""
    name: str
    """Of the category in it."""
    score: float
    """0 to 1: how often such a label is right, as far as that was measured."""
    evidence: Evidence


class Verdict(StrEnum):
    """How a criterion of a quality form was met."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "not applicable"
    NOT_ASSESSED = "not assessed"
    """Nobody looked: neither a rule nor a person can tell from these words."""


@dataclass(frozen=True, slots=True)
class Score:
    """One criterion of a quality form."""

    form: str
    """Title of the form."""
    name: str
    """Of the criterion in it."""
    verdict: Verdict
    evidence: Evidence
    """Segments that show it; empty for what is missing."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a summary."""

    text: str
    evidence: Evidence
    unsupported: tuple[str, ...] = ()
    """Names, numbers and other words in it that no segment has; nothing can be marked in a
    sentence that was said."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A call in a few sentences."""

    sentences: tuple[Sentence, ...]
    model: str
    unsupported: int = 0
    """How many sentences say what no segment supports; those that were dropped count, too."""

    @property
    def text(self) -> str:
        """The sentences on one line."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Risk:
    """An urgent word or phrase, where it was said; it claims no more than the words."""

    kind: str
    """Which list it is of: `weapon`, `suicide`, …"""
    text: str
    """As it was said."""
    segment: int
    start: int
    end: int
    """Characters inside the segment."""
    language: str
    """Of the list, ISO 639-1."""
