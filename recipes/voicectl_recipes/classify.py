"""Which categories of a scheme a call is about, and the segments that say so.

A segment and the one after it are read together: what is asked and what is
answered. Each such window is compared to the description and the examples of
every category; half of its likeness to what is said in any call is taken off.
The two best windows speak for a category.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl.understanding import Label
from voicectl_recipes.scheme import Category, Scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

OFF = 0.5
"""How much of the likeness to usual sentences is taken off."""
WINDOWS = 2
SPREAD, NOTHING = 0.03, 0.2
"""Calibration: how fast likeness becomes certainty, and the likeness at which a category is as
likely as none. Fitted to the developing half of `tests/bench/classify.py`; all calls there are
about something, so that `NOTHING` is as high as it may be without loss."""
BESIDE = 0.5
"""A segment is evidence when it speaks for the label at least so much as the best one does."""
MOST_EVIDENCE = 4


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scheme whose sentences are vectors."""

    scheme: Scheme
    categories: tuple[Category, ...]
    """Those that have words."""
    words: tuple[Matrix, ...]
    """For each category its sentences."""
    usual: Matrix


def prepare(scheme: Scheme, embedder: Embedder) -> Prepared:
    """Return the scheme ready for any number of calls."""
    categories = tuple(each for each in scheme.category if each.words)
    words = tuple(embedder.embed(each.words) for each in categories)
    return Prepared(scheme, categories, words, embedder.embed(scheme.usual))


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a call is like each category."""

    segments: tuple[int, ...]
    """Ids."""
    alone: Matrix
    """Of each segment to each category."""
    call: Matrix
    """Of the call to each category."""


def readable(segments: Sequence[Segment], language: str) -> list[Segment]:
    """Return the segments that may be judged: said, not suspect, and in the language."""
    return [
        segment
        for segment in segments
        if segment.text.strip() and not segment.suspect and segment.language in (None, language)
    ]


def likeness(
    segments: Sequence[Segment], prepared: Prepared, embedder: Embedder
) -> Likeness | None:
    """Return how much a call is like each category; None when there is nothing to judge."""
    said = readable(segments, prepared.scheme.language)
    if not said:
        return None
    texts = [segment.text.strip() for segment in said]
    pairs = [" ".join(texts[at : at + 2]) for at in range(max(1, len(texts) - 1))]
    vectors = embedder.embed([*texts, *pairs])
    alike = np.stack([(vectors @ words.T).max(axis=1) for words in prepared.words], axis=1)
    if len(prepared.usual):
        alike -= OFF * (vectors @ prepared.usual.T).max(axis=1, keepdims=True)
    alone, windows = alike[: len(texts)], alike[len(texts) :]
    best = np.sort(windows, axis=0)[-WINDOWS:].mean(axis=0)
    return Likeness(tuple(segment.id for segment in said), alone, best)


def certainty(found: Likeness, prepared: Prepared) -> dict[str, float]:
    """Return for each category how likely the call is about it, calibrated.

    Those that are meant for calls about nothing else share out only what the others leave.
    """
    last = np.array([each.otherwise for each in prepared.categories])
    certain = np.zeros(len(last))
    left = 1.0
    for group in (~last, last):
        weights = np.exp((found.call[group].astype(np.float64) - NOTHING) / SPREAD)
        certain[group] = left * weights / (1.0 + weights.sum())
        left -= certain[group].sum()
    return {each.name: float(sure) for each, sure in zip(prepared.categories, certain, strict=True)}


def classify(
    segments: Sequence[Segment], prepared: Prepared, embedder: Embedder
) -> tuple[Label, ...]:
    """Return the labels that reach the threshold of the scheme, the surest first.

    None of them may: then nobody knows, and a person has to say.
    """
    found = likeness(segments, prepared, embedder)
    if found is None:
        return ()
    sure = certainty(found, prepared)
    labels = [
        Label(prepared.scheme.title, each.name, round(sure[each.name], 4), _evidence(found, at))
        for at, each in enumerate(prepared.categories)
        if sure[each.name] >= prepared.scheme.threshold
    ]
    return tuple(sorted(labels, key=lambda label: -label.score))


def _evidence(found: Likeness, category: int) -> tuple[int, ...]:
    alone = found.alone[:, category]
    order = np.argsort(-alone, kind="stable")[:MOST_EVIDENCE]
    enough = max(BESIDE * float(alone[order[0]]), 0.0)
    return tuple(found.segments[at] for at in order if at == order[0] or alone[at] >= enough)
