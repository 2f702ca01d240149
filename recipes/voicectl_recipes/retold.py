"""The translation of a call without what was found in it, or in what it translates.

A translator may write a name otherwise, and numbers as digits that were said as words. So what
was found on one side is looked for on the other, and a segment whose translation hides less
than the segment itself does is left out: where it stood is told, what stood there is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

from voicectl.types import Segment
from voicectl.understanding import Entity
from voicectl_recipes import masking

WORD = re.compile(r"[^\W_]+")
LONG, SHORT = 4, 3
"""Letters of a word of an entity that means the same in the other language, anywhere in the call
and in the same segment."""
SCORE = 0.5
"""Of what was found only because it was found on the other side."""
ALIKE: Mapping[str, str] = {
    "PHONE": "number", "ID": "number", "PLACE": "place", "ADDRESS": "place", "ORG": "place",
    "DATE": "time", "AGE": "time", "EMAIL": "reach", "URL": "reach",
}  # fmt: skip
"""Kinds that are taken for each other in another language; any other kind only for itself."""
IN_PARTS = ("PHONE", "ID", "EMAIL", "URL", "ADDRESS")
SPELLED = 3
"""Letters by themselves from which on a name is spelled."""
NUMBER = re.compile(r"\d(?:[\s().-]{0,2}\d){3,}")
"""Four digits and more, which may have been said as words."""


def across(
    found: Sequence[Entity], segments: Sequence[Segment], known: Sequence[Entity]
) -> Iterator[Entity]:
    """Yield where the words of what was found in the other language stand in these segments.

    Shorter words count in the same segment alone. `known` is what is masked anyway.
    """
    words: dict[str, str] = {}
    here = defaultdict[int, dict[str, str]](dict)
    for each in found:
        for word in map(str.casefold, WORD.findall(each.text)):
            if len(word) >= LONG:
                words[word] = each.label
            if len(word) >= SHORT or word.isdigit():
                here[each.segment][word] = each.label
    inside = masking.by_segment(known)
    for segment in segments:
        for place in WORD.finditer(segment.text):
            label = (words | here[segment.id]).get(place[0].casefold())
            start, end = place.span()
            hidden = any(each.start <= start and end <= each.end for each in inside[segment.id])
            if label and not hidden:
                yield Entity(label, place[0], segment.id, start, end, SCORE)


def in_parts(entity: Entity) -> bool:
    """True for what may be hidden in part: a number said digit by digit, a name spelled."""
    letters = sum(len(word) == 1 for word in WORD.findall(entity.text))
    return entity.label in IN_PARTS or letters >= SPELLED


def withheld(
    said: Sequence[Segment], other: Sequence[Segment], whole: Collection[str]
) -> frozenset[int]:
    """Return the segments whose translation does not hide as much; both are masked already.

    Placeholders in `whole` have to be the very same: then nothing of it is left beside them.
    """
    texts = {segment.id: segment.text for segment in said}
    return frozenset(
        segment.id for segment in other if not _as_safe(segment.text, texts[segment.id], whole)
    )


def _as_safe(text: str, said: str, whole: Collection[str]) -> bool:
    if any(number not in said for number in NUMBER.findall(masking.PLACEHOLDER.sub("", text))):
        return False
    theirs, ours = _hidden(said), _hidden(text)
    every = set().union(*ours.values())
    return all(
        len(ours[kind]) >= len(names) and all(name in every for name in names if name in whole)
        for kind, names in theirs.items()
    )


def _hidden(text: str) -> defaultdict[str, set[str]]:
    """Return the placeholders of a text by what they are alike."""
    found = defaultdict[str, set[str]](set)
    for name in masking.PLACEHOLDER.findall(text):
        label = name[1:].rpartition("_")[0]
        found[ALIKE.get(label, label)].add(name)
    return found
