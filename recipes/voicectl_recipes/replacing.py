"""Replacement rules applied to what was recognised: to the text and to its words alike."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

import msgspec

from voicectl.rules import Rule, places
from voicectl.types import Segment, Word


def digest(rules: Sequence[Rule]) -> str | None:
    """Return the SHA-256 of the rules, by which a transcript tells what was applied to it."""
    if not rules:
        return None
    return hashlib.sha256(msgspec.json.encode(list(rules), order="sorted")).hexdigest()


def replaced(segment: Segment, rules: Sequence[Rule]) -> Segment:
    """Return the segment with every rule of its language applied, one after the other.

    Words keep their times; where their number changes, the time that they took
    together is shared out anew. Words that do not add up to the text are left as
    they are: it would lose what they lack. What was recognised stays beside it as
    `original`.
    """
    adds_up = _text(segment.words) == segment.text
    words = segment.words if adds_up else (Word(segment.start, segment.end, segment.text, 0.0),)
    for rule in rules:
        if not rule.languages or segment.language in rule.languages:
            words = _applied(rule, words)
    text = _text(words)
    if text == segment.text:
        return segment
    kept = words if adds_up else segment.words
    return replace(segment, text=text, words=kept, original=segment.original or segment.text)


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()


def _applied(rule: Rule, words: tuple[Word, ...]) -> tuple[Word, ...]:
    text = "".join(word.text for word in words)
    # From the end, so that what comes before stays where it is.
    for start, end, new in reversed(list(places(rule, text))):
        ends = list(accumulate(len(word.text) for word in words))
        first = next(at for at, until in enumerate(ends) if start < until)
        last = next(at for at, until in enumerate(ends) if end <= until)
        before = words[first].text[: start - (ends[first] - len(words[first].text))]
        after = words[last].text[len(words[last].text) - (ends[last] - end) :]
        told = _told(before + new + after, words[first : last + 1])
        words = (*words[:first], *told, *words[last + 1 :])
    return words


def _told(text: str, old: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return the words of a text that takes the place of old words."""
    parts = re.findall(r"\s*\S+", text)
    if len(parts) == len(old):
        return tuple(replace(word, text=part) for word, part in zip(old, parts, strict=True))
    sure = round(sum(word.probability for word in old) / len(old), 4)
    length = old[-1].end - old[0].start
    marks = [0, *accumulate(len(part.strip()) for part in parts)]
    times = [round(old[0].start + length * mark / marks[-1], 3) for mark in marks]
    return tuple(
        Word(start, end, part, sure)
        for start, end, part in zip(times, times[1:], parts, strict=False)
    )
