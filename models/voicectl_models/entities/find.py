"""Everything the rules find in a call, each stretch of text once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

from voicectl.types import Segment
from voicectl.understanding import Entity
from voicectl_models.entities import contact, dates, dictated, digits, money, people, places
from voicectl_models.entities.lines import Line, Span, line, words_of
from voicectl_models.entities.people import Ordinary

_AGAIN = 0.75
"""Score of a name that was found elsewhere in the call."""
_REPEATED = ("NAME", "PLACE", "ORG")
_SHORTEST = 3
"""Letters of a word that is looked for in the rest of the call."""

More = Callable[[Segment, Line], Iterable[Span]]
"""Whatever else finds something in a segment."""


def _nothing(segment: Segment, each: Line) -> Iterable[Span]:
    return ()


def in_call(
    segments: Sequence[Segment], ordinary: Ordinary, more: More = _nothing
) -> tuple[Entity, ...]:
    """Return what the rules, and `more`, find in the segments of a call, in the order of the text.

    A name that was announced once (`my name is ...`) is found wherever the call has it.
    `ordinary` are everyday words: what is none of them may be a name.
    """
    lines = [line(segment.text, segment.language) for segment in segments]
    found = [list(in_line(each, ordinary)) for each in lines]
    for at, part in chain(dictated.find(lines), dictated.answers(lines)):
        found[at].append(part)
    known = _names(lines, found, ordinary)
    plain = people.plain(lines, ordinary, known)
    for each, spans in zip(lines, found, strict=True):
        spans.extend(people.rare(each, ordinary, known, told=plain))
    known = _names(lines, found, ordinary)
    return tuple(
        Entity(span.label, each.text[span.start : span.end], segment.id, *span[1:])
        for segment, each, spans in zip(segments, lines, found, strict=True)
        for span in resolve(chain(spans, _again(each, known), more(segment, each)))
    )


def in_line(each: Line, ordinary: Ordinary) -> Iterator[Span]:
    """Yield what each family of rules finds in one text; spans may overlap."""
    for family in (contact.find, digits.find, dates.find, dates.ages, money.find):
        yield from family(each)
    yield from people.find(each, ordinary)
    yield from places.find(each, ordinary)


def resolve(spans: Iterable[Span]) -> list[Span]:
    """Return spans that do not overlap: of those that do, one as long as all of them.

    Its label is that of the surest. No character that a rule found is lost: what is
    masked twice is safe, what falls between two rules is not.
    """
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if kept and span.start < kept[-1].end:
            last = kept[-1]
            surest = max(last, span, key=lambda each: each.score)
            kept[-1] = surest._replace(start=last.start, end=max(last.end, span.end))
        else:
            kept.append(span)
    return kept


def _names(
    lines: Sequence[Line], found: Sequence[Iterable[Span]], ordinary: Ordinary
) -> dict[str, str]:
    known: dict[str, str] = {}
    for each, spans in zip(lines, found, strict=True):
        for span in resolve(spans):
            if span.label not in _REPEATED:
                continue
            for at in range(len(each)):
                inside = span.start <= each.starts[at] and each.ends[at] <= span.end
                rare = len(each.words[at]) >= _SHORTEST and (
                    people.unknown(each, at, ordinary) or _announced(each, at, span)
                )
                if inside and rare:
                    known.setdefault(each.words[at], span.label)
    return known


def _announced(each: Line, at: int, span: Span) -> bool:
    """Grace is everybody's word until somebody says that it is her name."""
    named = words_of("names", "given") | words_of("names", "also_words")
    return span.label == "NAME" and each.words[at] in named


def _again(each: Line, known: dict[str, str]) -> Iterator[Span]:
    parts = words_of("places", "after") | words_of("places", "joints")
    for at, word in enumerate(each.words):
        if word in known and word not in parts:
            yield each.span(known[word], at, at + 1, _AGAIN)
