"""Quality forms of a site: criteria by which calls are listened to, and what words alone can tell.

A criterion that says which sentences show it is looked for: most of its parts
are such sentences. What needs a human ear (was it empathy, or the word for it?)
has no parts and stays `not assessed` until a person says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import msgspec
import numpy as np
from msgspec import Meta

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl.understanding import Score, Verdict
from voicectl_recipes import written
from voicectl_recipes.classify import readable
from voicectl_recipes.scheme import Name, Sentence, Share

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    Likeness = NDArray[np.float32]

STOPS = re.compile(r"(?<=[.?!…,;。？！，])\s+")

Place: TypeAlias = Literal["start", "end", "anywhere"]
Sentences: TypeAlias = Annotated[tuple[Sentence, ...], Meta(min_length=1)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that is said when a criterion is met."""

    title: str
    examples: Sentences
    """Sentences as agents say them."""


class Criterion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of a form."""

    name: Name
    title: str
    question: str
    """What whoever listens has to answer."""
    weight: Annotated[float, Meta(ge=0, le=100)] = 1.0
    """Beside the others, in a sum."""
    place: Place = "anywhere"
    """Where in the call it belongs: `start` and `end` are `Form.edge` segments of the speaker."""
    part: tuple[Part, ...] = ()
    """All of them: yes; some: partly; none: no. Without parts it is never assessed by itself."""
    only_after: tuple[Sentence, ...] = ()
    """It is not applicable unless something like these was said."""

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, a condition for what is never looked for."""
        if self.only_after and not self.part:
            raise ValueError("`only_after` needs a `part` to look for")


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The criteria of a site."""

    title: str
    language: str = "en"
    """Of the examples, ISO 639-1; only text in this language is compared to them."""
    speaker: str = "agent"
    """Whose segments are looked at, where speakers are known by name; else everybody's."""
    likeness: Share = 0.55
    """How near a segment, or a part of it between stops, must come to an example."""
    edge: Annotated[int, Meta(ge=1, le=100)] = 3
    """How many segments the start and the end of a call have."""
    criterion: Annotated[tuple[Criterion, ...], Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, a name that is taken twice."""
        names = [each.name for each in self.criterion]
        if len(set(names)) < len(names):
            raise ValueError("two criteria have the same name")


def read(text: bytes, name: str) -> Form:
    """Return the form written in `text`. Raises `UsageError` that names the key."""
    return written.read(text, Form, name)


def builtin(name: str) -> Form:
    """Return a form that voicectl ships. Raises `UnknownName`."""
    return written.named("forms", name, Form)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A form whose sentences are vectors."""

    form: Form
    vectors: Mapping[Sequence[str], Vectors]
    """By the sentences."""


def prepare(form: Form, embedder: Embedder) -> Prepared:
    """Return the form ready for any number of calls."""
    told = [part.examples for each in form.criterion for part in each.part]
    told += [each.only_after for each in form.criterion if each.only_after]
    return Prepared(form, {examples: embedder.embed(examples) for examples in told})


def assess(
    segments: Sequence[Segment], prepared: Prepared, embedder: Embedder
) -> tuple[Score, ...]:
    """Return one score for each criterion, in the order of the form.

    Where nothing can be read, in the form's language, nothing is assessed.
    """
    form = prepared.form
    said = readable(segments, form.language)
    theirs = [segment for segment in said if segment.speaker == form.speaker] or said
    heard = _heard(theirs, prepared, embedder) if theirs else {}
    return tuple(_assessed(each, theirs, heard, form) for each in form.criterion)


def _heard(
    said: Sequence[Segment], prepared: Prepared, embedder: Embedder
) -> Mapping[Sequence[str], Likeness]:
    """Return how near each segment comes to the nearest of each list of sentences.

    A segment is as near as its nearest part is: it may greet, tell a name and ask, all in one.
    """
    parts = [_parts(segment.text.strip()) for segment in said]
    vectors = embedder.embed([text for several in parts for text in several])
    firsts = np.cumsum([0, *(len(several) for several in parts[:-1])])
    return {
        examples: np.maximum.reduceat((vectors @ theirs.T).max(axis=1), firsts)
        for examples, theirs in prepared.vectors.items()
    }


def _parts(text: str) -> list[str]:
    """Return a text, and what it has between its stops and commas."""
    parts = [part for part in STOPS.split(text) if part]
    return [text, *parts] if len(parts) > 1 else [text]


def _assessed(
    criterion: Criterion,
    said: Sequence[Segment],
    heard: Mapping[Sequence[str], Likeness],
    form: Form,
) -> Score:

    def score(verdict: Verdict, *evidence: int) -> Score:
        return Score(form.title, criterion.name, verdict, tuple(dict.fromkeys(evidence)))

    if not criterion.part or not said:
        return score(Verdict.NOT_ASSESSED)

    def nearest(examples: Sequence[str], places: range) -> int | None:
        likeness = heard[examples][places]
        best = int(likeness.argmax())
        return said[places[best]].id if likeness[best] >= form.likeness else None

    if criterion.only_after and nearest(criterion.only_after, range(len(said))) is None:
        return score(Verdict.NOT_APPLICABLE)
    places = _places(criterion.place, len(said), form.edge)
    found = [nearest(part.examples, places) for part in criterion.part]
    shown = [segment for segment in found if segment is not None]
    if len(shown) == len(found):
        return score(Verdict.YES, *shown)
    return score(Verdict.PARTLY if shown else Verdict.NO, *shown)


def _places(place: Place, count: int, edge: int) -> range:
    if place == "start":
        return range(min(edge, count))
    return range(max(0, count - edge), count) if place == "end" else range(count)
