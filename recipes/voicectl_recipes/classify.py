"""Which categories of a scheme a call is about, and the segments that say so.

Three segments in a row are read together: what is asked, what is answered, and what
a recogniser cut in two. Each such window is compared to the description and the
examples of every category; some of its likeness to what is said in any call is taken
off. The three best windows speak for a category, and so do urgent words that the
scheme holds to be a sign of it. What is meant for somebody else competes, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl.understanding import Label, Risk
from voicectl_recipes.lessons import pull
from voicectl_recipes.scheme import Category, Lessons, Scheme

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

OFF = 0.3
"""How much of the likeness to usual sentences is taken off."""
WIDE, WINDOWS = 3, 3
"""Segments of a window, and windows that speak for a category."""
SIGN = 0.1
"""What urgent words add to the likeness to their category; with them it is never less than what
is likelier than none."""
SPREAD, NOTHING = 0.03, 0.22
"""Calibration: how fast likeness becomes certainty, and the likeness at which a category is as
likely as none. Fitted to the developing half of `tests/bench/classify.py`; all calls there are
about something, so that `NOTHING` is as high as it may be without loss."""
BESIDE = 0.5
"""A segment is evidence when it speaks for the label at least so much as the best one does."""
MOST_EVIDENCE = 4
NOTHING_LEARNED = Lessons()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A scheme whose sentences are vectors."""

    scheme: Scheme
    categories: tuple[Category, ...]
    """Those that have words."""
    words: tuple[Matrix, ...]
    """For each category its sentences."""
    usual: Matrix
    elsewhere: Matrix


def prepare(scheme: Scheme, embedder: Embedder) -> Prepared:
    """Return the scheme ready for any number of calls."""
    categories = tuple(each for each in scheme.category if each.words)
    words = tuple(embedder.embed(each.words) for each in categories)
    others = (embedder.embed(each) for each in (scheme.usual, scheme.elsewhere))
    return Prepared(scheme, categories, words, *others)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much a call is like each category."""

    segments: tuple[int, ...]
    """Ids."""
    alone: Matrix
    """Of each segment to each category."""
    call: Matrix
    """Of the call to each category."""
    elsewhere: float
    """Of the call to what is meant for somebody else; minus infinity where the scheme has none."""
    centre: Matrix
    """The mean of the vectors of the segments."""


def readable(segments: Sequence[Segment], language: str) -> list[Segment]:
    """Return the segments that may be judged: said, not suspect, and in the language."""
    return [
        segment
        for segment in segments
        if segment.text.strip() and not segment.suspect and segment.language in (None, language)
    ]


def likeness(
    segments: Sequence[Segment],
    prepared: Prepared,
    embedder: Embedder,
    risks: Sequence[Risk] = (),
) -> Likeness | None:
    """Return how much a call is like each category; None when there is nothing to judge.

    `risks` are the urgent words of the call.
    """
    said = readable(segments, prepared.scheme.language)
    if not said:
        return None
    texts = [segment.text.strip() for segment in said]
    wide = [" ".join(texts[at : at + WIDE]) for at in range(max(1, len(texts) - WIDE + 1))]
    vectors = embedder.embed([*texts, *wide])
    known = [*prepared.words, *([prepared.elsewhere] if len(prepared.elsewhere) else [])]
    alike = np.stack([(vectors @ words.T).max(axis=1) for words in known], axis=1)
    if len(prepared.usual):
        alike -= OFF * (vectors @ prepared.usual.T).max(axis=1, keepdims=True)
    count, ids = len(prepared.categories), tuple(segment.id for segment in said)
    best = np.sort(alike[len(texts) :], axis=0)[-WINDOWS:].mean(axis=0)
    signs = _signs(ids, prepared, risks)
    return Likeness(
        ids,
        alike[: len(texts), :count] + SIGN * signs,
        np.where(
            signs.any(axis=0), np.maximum(best[:count] + SIGN, NOTHING + SPREAD), best[:count]
        ),
        float(best[count]) if len(best) > count else -np.inf,
        vectors[: len(texts)].mean(axis=0),
    )


def _signs(ids: Sequence[int], prepared: Prepared, risks: Sequence[Risk]) -> Matrix:
    """Return 1 where a segment has urgent words that speak for a category, 0 elsewhere."""
    kinds = {(risk.segment, risk.kind) for risk in risks}
    rows = [
        [any((id_, kind) in kinds for kind in each.risks) for each in prepared.categories]
        for id_ in ids
    ]
    return np.array(rows, np.float32)


def certainty(found: Likeness, prepared: Prepared) -> dict[str, float]:
    """Return for each category how likely the call is about it, calibrated.

    Those that are meant for calls about nothing else share out only what the others leave. A
    call that is meant for somebody else is likely about none.
    """
    last = np.array([each.otherwise for each in prepared.categories])
    certain = np.zeros(len(last))
    left = 1.0
    none = 1.0 + float(np.exp((found.elsewhere - NOTHING) / SPREAD))
    for group in (~last, last):
        weights = np.exp((found.call[group].astype(np.float64) - NOTHING) / SPREAD)
        certain[group] = left * weights / (none + weights.sum())
        left -= certain[group].sum()
    return {each.name: float(sure) for each, sure in zip(prepared.categories, certain, strict=True)}


def taught(found: Likeness, prepared: Prepared, lessons: Lessons) -> Likeness:
    """Return how much the call is like each category after what people corrected.

    The segments are as they were: what is shown as evidence was said in this very call.
    """
    names = [each.name for each in prepared.categories]
    return replace(found, call=found.call + pull(lessons, names, found.centre))


def classify(
    segments: Sequence[Segment],
    prepared: Prepared,
    embedder: Embedder,
    lessons: Lessons = NOTHING_LEARNED,
    risks: Sequence[Risk] = (),
) -> tuple[Label, ...]:
    """Return the labels that reach the threshold of the scheme, the surest first.

    None of them may: then nobody knows, and a person has to say. `risks` are the urgent words
    of the call.
    """
    found = likeness(segments, prepared, embedder, risks)
    if found is None:
        return ()
    found = taught(found, prepared, lessons)
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
