"""Is what a sentence says what somebody said? Each name, number and other word is looked for.

A sentence that a model put into words is held against the segments that it names, then against
all of the call. What is found elsewhere becomes evidence; what is found nowhere is unsupported.
Words are compared, not meaning: `he does not beat her` has all the words of `he beats her`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from voicectl.recognition import Recognizer
from voicectl.types import Segment
from voicectl.understanding import Sentence
from voicectl_recipes import figures
from voicectl_recipes.masking import PLACEHOLDER

NAMING = frozenset({"NAME", "PLACE", "ADDRESS", "ORG", "EMAIL", "URL"})
"""Kinds of entities that are told by their words; the others are told by their numbers."""
SHORTEST = 4
"""Letters of a word that tells something by itself, in a language that is not English."""
STEM = 5
"""Letters of a word that other forms of it share."""
MOSTLY = 0.5
"""A sentence more than half of whose telling words nobody said claims something of its own."""
WHO = re.compile(
    r"(?:^|[.?!:]\s+)([^\W\d_]{2,})"
    r" (?:from|says|said|asks|asked|calls|called|reports|reported|tells|told|wants|wanted|lives)\b"
)
"""Whoever does this at the beginning of a sentence is mostly called so."""
NOBODY = frozenset(["he", "it", "man", "she", "someone", "somebody", "they", "we", "woman", "you"])
AGE = re.compile(r"(?<=[\w])[- ]years?[- ]old\b", re.IGNORECASE)
"""An age is a number; `13-year-old` is said of somebody who is called thirteen."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What one segment has."""

    id: int
    words: frozenset[str]
    stems: frozenset[str]
    numbers: frozenset[str]
    placeholders: frozenset[str]


def checked(
    sentences: Sequence[Sentence], segments: Sequence[Segment], recognizer: Recognizer
) -> tuple[Sentence, ...]:
    """Return the sentences with the segments that bear them out, and what none of them does."""
    call = [_said(segment) for segment in segments]
    named = _named(sentences, recognizer)
    return tuple(
        _checked(sentence, names, call) for sentence, names in zip(sentences, named, strict=True)
    )


def _checked(sentence: Sentence, names: frozenset[str], call: Sequence[_Said]) -> Sentence:
    known = {each.id: each for each in call}
    evidence = [known[id_] for id_ in sentence.evidence if id_ in known]
    missing = list[str]()
    for claim, kind in _claims(sentence.text, names):
        if any(_has(each, claim, kind) for each in evidence):
            continue
        elsewhere = next((each for each in call if _has(each, claim, kind)), None)
        if elsewhere is None:
            missing.append(claim)
        else:
            evidence.append(elsewhere)
    evidence, invented = _mostly_said(sentence.text, evidence, call)
    unsupported = tuple(dict.fromkeys([*missing, *invented]))
    if not evidence and not unsupported:
        unsupported = (sentence.text,)  # it rests on nothing
    ids = tuple(dict.fromkeys(each.id for each in _bearing(sentence.text, evidence)))
    return replace(sentence, evidence=ids, unsupported=unsupported)


def _bearing(text: str, evidence: Sequence[_Said]) -> Sequence[_Said]:
    """Return the segments without those that share no telling word with a sentence, if any do."""
    stems = frozenset(map(_stem, _telling(text)))
    marks = frozenset(PLACEHOLDER.findall(text))
    numbers = frozenset(figures.told(text))
    bearing = [
        each
        for each in evidence
        if stems & each.stems or marks & each.placeholders or numbers & each.numbers
    ]
    return bearing or evidence


def _claims(text: str, names: frozenset[str]) -> Iterable[tuple[str, str]]:
    """Yield what has to have been said, each with how it is looked for."""
    for placeholder in PLACEHOLDER.findall(text):
        yield placeholder, "placeholder"
    bare = AGE.sub(" ", PLACEHOLDER.sub(" ", text))
    for number in figures.stated(bare):
        yield number, "number"
    for word in figures.words_of(bare):
        if word in names:
            yield word, "name"
        elif word in _weighty():
            yield word, "weighty"


def _has(said: _Said, claim: str, kind: str) -> bool:
    if kind == "placeholder":
        return claim in said.placeholders
    if kind == "number":
        return claim in said.numbers or (claim.lstrip("0") or "0") in said.numbers
    if kind == "name":
        return claim in said.words
    return any(each in said.words or _stem(each) in said.stems for each in _alike(claim))


def _mostly_said(
    text: str, evidence: Sequence[_Said], call: Sequence[_Said]
) -> tuple[list[_Said], list[str]]:
    """Return the evidence, with the segment that has most of what is missing, and what nobody said.

    Nothing is missing as long as most of the telling words were said.
    """
    telling = _telling(text)
    evidence = list(evidence)
    if len(_lacking(telling, evidence)) <= MOSTLY * len(telling):
        return evidence, []
    more = max(call, key=lambda each: -len(_lacking(telling, [*evidence, each])), default=None)
    if more is not None and len(_lacking(telling, [more])) < len(telling):
        evidence.append(more)
    lacking = _lacking(telling, evidence)
    if len(lacking) <= MOSTLY * len(telling) or len(_lacking(telling, call)) <= MOSTLY * len(
        telling
    ):
        return evidence, []
    return evidence, _lacking(telling, call)


def _telling(text: str) -> list[str]:
    """Return the words of a sentence that tell something of the call."""
    return [
        word
        for word in figures.words_of(PLACEHOLDER.sub(" ", text))
        if len(word) >= SHORTEST and word not in _reporting() and figures.number(word) is None
    ]


def _lacking(telling: Sequence[str], among: Sequence[_Said]) -> list[str]:
    return [
        word
        for word in telling
        if not any(word in each.words or _stem(word) in each.stems for each in among)
    ]


def _named(sentences: Sequence[Sentence], recognizer: Recognizer) -> list[frozenset[str]]:
    """Return for each sentence the words of names in it: what the recogniser of names finds, and
    what has a capital letter and does not begin a sentence."""
    texts = [PLACEHOLDER.sub(" ", each.text) for each in sentences]
    written = [Segment(at, float(at), at + 1.0, text) for at, text in enumerate(texts)]
    found: list[set[str]] = [_capitals(text) for text in texts]
    for entity in recognizer.find(written):
        if entity.label in NAMING:
            found[entity.segment] |= set(figures.words_of(entity.text))
    plain = _reporting() | _weighty() | NOBODY
    return [
        frozenset(each for each in words if each not in plain and figures.number(each) is None)
        for words in found
    ]


def _capitals(text: str) -> set[str]:
    found = {match[1].casefold() for match in WHO.finditer(text)}
    before = "."
    for match in figures.WORD.finditer(text):
        word = match[0]
        begins = text[: match.start()].rstrip().endswith((".", "?", "!", ":")) or before == "."
        if word[0].isupper() and not begins and word != "I":
            found |= set(figures.words_of(word))
        before = word
    return found


def _said(segment: Segment) -> _Said:
    words = frozenset(figures.words_of(segment.text))
    return _Said(
        segment.id,
        words,
        frozenset(map(_stem, words)),
        frozenset(figures.told(segment.text)),
        frozenset(PLACEHOLDER.findall(segment.text)),
    )


def _stem(word: str) -> str:
    return word[:STEM] if len(word) > STEM else word.rstrip("s") or word


@cache
def _table() -> dict[str, object]:
    return tomllib.loads(files("voicectl_recipes").joinpath("claims.toml").read_text())


@cache
def _reporting() -> frozenset[str]:
    return frozenset(str(_table()["reporting"]).split())


@cache
def _weighty() -> frozenset[str]:
    return frozenset(str(_table()["weighty"]).split())


@cache
def _lines() -> tuple[frozenset[str], ...]:
    lines = _table()["alike"]
    assert isinstance(lines, list)  # noqa: S101, it is our own file
    return tuple(frozenset(line.split()) for line in lines)


def _alike(word: str) -> frozenset[str]:
    return next((line for line in _lines() if word in line), frozenset({word}))
