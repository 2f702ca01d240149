"""Found names and numbers out of text and words, with placeholders in their place.

A placeholder says what was there and nothing of how long it was or how it was written;
the same entity has the same number in the whole call.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from voicectl.types import Segment, Word
from voicectl.understanding import Entity

Hidden = tuple[int, int, str]
"""Start and end of what is masked, in the text as it was, and the placeholder."""


PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")


class Placeholders:
    """The numbers of one call: the first name is [NAME_1], wherever it is said again."""

    def __init__(self) -> None:
        """Begin a call."""
        self._numbers: dict[tuple[str, str], int] = {}
        self._last: dict[str, int] = {}

    def of(self, label: str, text: str) -> str:
        """Return the placeholder of an entity."""
        key = (label, _same(text))
        if key not in self._numbers:
            self._last[label] = self._last.get(label, 0) + 1
            self._numbers[key] = self._last[label]
        return f"[{label}_{self._numbers[key]}]"


def by_segment(entities: Iterable[Entity]) -> defaultdict[int, list[Entity]]:
    """Return entities by the segment that they are in."""
    sorted_out = defaultdict[int, list[Entity]](list)
    for entity in entities:
        sorted_out[entity.segment].append(entity)
    return sorted_out


def mask_segments(
    segments: Sequence[Segment],
    entities: Iterable[Entity],
    placeholders: Placeholders | None = None,
) -> tuple[Segment, ...]:
    """Return the segments of a call without what was found in them.

    What else tells the text is dropped: tokens of the recogniser and the text before
    replacement rules.
    """
    placeholders = placeholders or Placeholders()
    inside = by_segment(entities)
    masked = []
    for segment in segments:
        found = inside[segment.id]
        text, words = mask(segment.text, segment.words, found, placeholders)
        masked.append(replace(segment, text=text, words=words, decoding=None, original=None))
    return tuple(masked)


def mask(
    text: str, words: Sequence[Word], entities: Iterable[Entity], placeholders: Placeholders
) -> tuple[str, tuple[Word, ...]]:
    """Return one text and its words with placeholders.

    A word that shares one character with an entity is gone whole; the words of one entity
    become one word with the time of all. Words that do not add up to the text are
    replaced by one that holds all of it: a wrong place would leave a name standing.
    """
    named = hidden(text, entities, placeholders)
    if not named:
        return text, tuple(words)
    masked, places = masked_text(text, named), _places(text, words)
    if places is None:
        whole = Word(words[0].start, words[-1].end, masked, min(w.probability for w in words))
        return masked, (whole,)
    return masked, _masked_words(words, places, named)


def hidden(text: str, entities: Iterable[Entity], placeholders: Placeholders) -> list[Hidden]:
    """Return what is masked in a text, in order and apart."""
    spans = _apart(text, entities)
    return [(start, end, placeholders.of(label, said)) for start, end, label, said in spans]


def masked_text(text: str, named: Sequence[Hidden]) -> str:
    """Return a text with placeholders."""
    pieces, at = [], 0
    for start, end, name in named:
        pieces += [text[at:start], name]
        at = end
    return "".join([*pieces, text[at:]])


def moved(start: int, end: int, named: Sequence[Hidden]) -> tuple[int, int]:
    """Return where a stretch of a text is once it is masked, with all of what it shares."""
    first, after, shift = start, end, 0
    for begin, stop, name in named:
        longer = len(name) - (stop - begin)
        if stop <= start:
            first += longer
        elif begin <= start:
            first = begin + shift
        if stop <= end:
            after += longer
        elif begin < end:
            after = begin + shift + len(name)
        shift += longer
    return first, after


def _same(text: str) -> str:
    """Return what two ways of writing one entity share."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


def _apart(text: str, entities: Iterable[Entity]) -> list[tuple[int, int, str, str]]:
    """Return start, end, label and text of the entities; those that overlap become one."""
    spans: list[tuple[int, int, str]] = []
    inside = [(max(e.start, 0), min(e.end, len(text)), e.label) for e in entities]
    for start, end, label in sorted(span for span in inside if span[0] < span[1]):
        if spans and start < spans[-1][1]:
            before = spans[-1]
            longer = before[2] if before[1] - before[0] >= end - start else label
            spans[-1] = (before[0], max(before[1], end), longer)
        else:
            spans.append((start, end, label))
    return [(start, end, label, text[start:end]) for start, end, label in spans]


def _places(text: str, words: Sequence[Word]) -> list[tuple[int, int]] | None:
    """Return where each word stands in the text, or None when they are not its words."""
    places, at = [], 0
    for word in words:
        said = word.text.strip()
        start = text.find(said, at)
        if start < 0 or text[at:start].strip():
            return None
        at = start + len(said)
        places.append((start, at))
    return None if words and text[at:].strip() else places


def _masked_words(
    words: Sequence[Word],
    places: Sequence[tuple[int, int]],
    named: Sequence[tuple[int, int, str]],
) -> tuple[Word, ...]:
    masked: list[Word] = []
    last: tuple[int, int, str] | None = None
    for word, (start, end) in zip(words, places, strict=True):
        held = [name for name in named if name[0] < end and start < name[1]]
        if not held:
            masked.append(word)
            last = None
            continue
        lead = word.text[: len(word.text) - len(word.text.lstrip())]
        new = held if held[0] is not last else held[1:]
        if new and new is held:
            masked.append(replace(word, text=lead + "".join(name[2] for name in new)))
        else:
            text = masked[-1].text + "".join(name[2] for name in new)
            probability = min(masked[-1].probability, word.probability)
            masked[-1] = replace(masked[-1], end=word.end, text=text, probability=probability)
        last = held[-1]
    return tuple(masked)
