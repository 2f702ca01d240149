"""A summary made of sentences that were said, word for word, each with its segments.

It picks what stands for the rest of the call, what the site's scheme is about,
and what was said early on; what is usual in any call speaks against a sentence,
and so do likeness to one that was picked before and that it asks rather than
tells. Nothing is put into words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl.understanding import Sentence, Summary
from voicectl_recipes.classify import Prepared, readable
from voicectl_recipes.template import Template

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

USUAL = Template(title="")
FEWEST_WORDS = 4
"""A shorter sentence tells nobody anything by itself."""
CENTRALITY, RELEVANCE, POSITION = 1.0, 1.0, 0.1
REPETITION = 0.5
"""What likeness to a sentence that was picked before takes off."""
OFF = 0.5
"""How much of the likeness to usual sentences is taken off."""
ASKS = 0.2
"""What it takes off that a sentence is a question: its answer tells more."""
QUESTION = ("?", "？")
ENDS = re.compile(r"(?<=[.?!…。？！])\s+")
END_OF_SENTENCE = tuple(".?!…。？！")


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence while it grows over segments of one speaker."""

    text: str
    evidence: tuple[int, ...]
    speaker: str | None
    until: float
    """Seconds, where it ends so far."""


def summarize(
    segments: Sequence[Segment],
    prepared: Prepared,
    embedder: Embedder,
    template: Template = USUAL,
) -> Summary:
    """Return at most so many sentences of the call, in the order in which they were said.

    Suspect segments and those in another language than the scheme's are not
    used; where nothing is left the summary is empty.
    """
    said = [
        sentence
        for sentence in spoken(readable(segments, prepared.scheme.language))
        if len(sentence.text.split()) >= FEWEST_WORDS
    ]
    if not said:
        return Summary((), embedder.model)
    short = [each for each in said if len(each.text.split()) <= template.words]
    said = short or said
    vectors = embedder.embed([sentence.text for sentence in said])
    asks = [sentence.text.endswith(QUESTION) for sentence in said]
    worth = _worth(vectors, prepared) - ASKS * np.asarray(asks, np.float32)
    if template.about:
        worth = worth + RELEVANCE * (vectors @ embedder.embed(template.about).T).max(axis=1)
    chosen = _chosen(worth, vectors @ vectors.T, template.sentences)
    return Summary(tuple(said[at] for at in sorted(chosen)), embedder.model)


def spoken(segments: Sequence[Segment]) -> Iterator[Sentence]:
    """Yield the sentences of a call as they were said; one may span segments of one speaker."""
    open_: _Said | None = None
    for segment in segments:
        if open_ and not _goes_on(open_, segment):
            yield Sentence(open_.text, open_.evidence)
            open_ = None
        parts = ENDS.split(segment.text.strip())
        for part in parts:
            text = f"{open_.text} {part}" if open_ else part
            before = open_.evidence if open_ else ()
            open_ = _Said(text, (*before, segment.id), segment.speaker, segment.end)
            if part.endswith(END_OF_SENTENCE):
                yield Sentence(open_.text, open_.evidence)
                open_ = None
    if open_:
        yield Sentence(open_.text, open_.evidence)


def _goes_on(open_: _Said, segment: Segment) -> bool:
    """True when a segment may end the sentence: the next one, by the same speaker.

    It begins with a small letter, or at the very moment at which the other was cut off. Where
    nobody writes full stops every segment is a sentence.
    """
    first = segment.text.strip()[:1]
    return (
        segment.id == open_.evidence[-1] + 1
        and segment.speaker == open_.speaker
        and (first.islower() or segment.start == open_.until)
        and open_.text[:1].isupper()
    )


def _worth(vectors: Vector, prepared: Prepared) -> Vector:
    """Return how much each sentence has to say."""
    count = len(vectors)
    central = (vectors @ vectors.T).sum(axis=1) - 1.0
    central /= max(count - 1, 1)
    about = [
        words
        for words, category in zip(prepared.words, prepared.categories, strict=True)
        if not category.otherwise
    ]
    relevant = (vectors @ np.concatenate(about or list(prepared.words)).T).max(axis=1)
    if len(prepared.usual):
        relevant = relevant - OFF * (vectors @ prepared.usual.T).max(axis=1)
    early = 1.0 - np.arange(count, dtype=np.float32) / count
    return np.asarray(CENTRALITY * central + RELEVANCE * relevant + POSITION * early, np.float32)


def _chosen(worth: Vector, alike: Vector, most: int) -> list[int]:
    chosen: list[int] = []
    while len(chosen) < min(most, len(worth)):
        again = alike[:, chosen].max(axis=1) if chosen else np.zeros(len(worth), np.float32)
        left = worth - REPETITION * again
        left[chosen] = -np.inf
        chosen.append(int(left.argmax()))
    return chosen
