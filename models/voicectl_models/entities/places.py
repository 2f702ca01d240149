"""Places, addresses, schools and other organisations."""

from __future__ import annotations

from collections.abc import Iterator

from voicectl_models.entities.lines import Line, Span, phrases, words_of
from voicectl_models.entities.numbers import numeral, quantity_after, quantity_before, repeats
from voicectl_models.entities.people import Ordinary, Rare, capital, uncommon, unknown

_LONGEST = 3
"""Words of the name of a place."""


def find(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    """Yield places, organisations and addresses."""
    yield from _known(line)
    yield from _announced(line, ordinary)
    yield from _organisations(line, ordinary)
    yield from _streets(line, ordinary)
    yield from _houses(line)


def _known(line: Line) -> Iterator[Span]:
    for at, after in phrases("places", "known").all(line.words):
        ambiguous = after - at == 1 and line.words[at] in words_of("places", "also_words")
        if not ambiguous or capital(line, at):
            yield line.span("PLACE", at, after, 0.84)


def _announced(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    for key, score, rare in (("certain", 0.88, uncommon), ("likely", 0.6, unknown)):
        for _, after in phrases("places", key).all(line.words):
            first = _past_articles(line, after)
            end = _after(line, first, ordinary, rare)
            if end > first:
                yield line.span("PLACE", first, end, score)


def _past_articles(line: Line, at: int) -> int:
    while at < len(line) and line.words[at] in words_of("places", "between"):
        at += 1
    return at


def _rare(line: Line, at: int, ordinary: Ordinary, rare: Rare = uncommon) -> bool:
    known = phrases("places", "known").at(line.words, at) > 0
    return known or capital(line, at) or rare(line, at, ordinary)


def _after(line: Line, first: int, ordinary: Ordinary, rare: Rare) -> int:
    """Return the word behind the place that begins here."""
    at = first
    while at < len(line) and at - first < _LONGEST and not line.stops(at - 1):
        known = phrases("places", "known").at(line.words, at)
        if not known and not _rare(line, at, ordinary, rare):
            break
        at += known or 1
    while rare is uncommon and at > first and phrases("places", "after").at(line.words, at):
        at += 1
    return at


def _before(line: Line, after: int, ordinary: Ordinary) -> int:
    """Return the first word of the name that ends before `after`."""
    at = after
    while at and after - at < _LONGEST and not line.stops(at - 1):
        saint = line.words[at - 1] in ("st", "saint", "holy", "san", "santa")
        named = line.words[at - 1] in words_of("names", "given")
        if not (saint or named or _rare(line, at - 1, ordinary)):
            break
        at -= 1
    return at


def _organisations(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    for at, after in phrases("places", "organisations_after").all(line.words):
        first = min(_before(line, at, ordinary), _led(line, at) if after - at > 1 else at)
        if first < at:
            yield line.span("ORG", first, after, 0.89)
    for at, after in phrases("places", "organisations_before").all(line.words):
        first = after
        while first < len(line) and line.words[first] in words_of("places", "joints"):
            first += 1
        end = first
        while end < len(line) and end - first < _LONGEST and not line.stops(end - 1):
            if not (_rare(line, end, ordinary) or line.words[end] in words_of("names", "given")):
                break
            end += 1
        if end > first:
            yield line.span("ORG", at, end, 0.89)


def _led(line: Line, after: int) -> int:
    """Return the first word behind `at` or `near`, when what follows can be a name."""
    for first in range(after - 1, max(after - 2 - _LONGEST, 0), -1):
        if line.stops(first - 1) or line.words[first] in words_of("places", "no_lead"):
            break
        if line.words[first - 1] in words_of("places", "lead"):
            return first
    return after


def _streets(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    """Yield `twelve koinange street` and `rue des lilas 12`."""
    for at, after in phrases("places", "street_after").all(line.words):
        first = _before(line, at, ordinary)
        if first == at and at and quantity_before(line, at - 1) < at - 1:
            first = at - 1
        if first < at:
            yield line.span("ADDRESS", quantity_before(line, first), after, 0.91)
    for at, after in phrases("places", "street_before").all(line.words):
        end = _street(line, after, ordinary)
        first, number = quantity_before(line, at), _house_number(line, end)
        if first < at or number > end or (end > after and _rare(line, end - 1, ordinary)):
            yield line.span("ADDRESS", first, number, 0.91)


def _street(line: Line, first: int, ordinary: Ordinary) -> int:
    """Return the word behind the name of a street; its first word may be an everyday one."""
    at = first
    while at < len(line) and at - first < _LONGEST and not line.stops(at - 1):
        joint = line.words[at] in words_of("places", "joints")
        if at > first and not (joint or _rare(line, at, ordinary)):
            break
        at += 1
    return at


def _house_number(line: Line, at: int) -> int:
    if at < len(line) and line.words[at] in ("number", "numero", "namba", "no"):
        after = quantity_after(line, at + 1)
        return after if after > at + 1 else at
    return quantity_after(line, at)


def _houses(line: Line) -> Iterator[Span]:
    for at, after in phrases("places", "house").all(line.words):
        end = after
        while end < len(line) and not line.stops(end - 1):
            word = line.words[end]
            if not (numeral(word) or repeats(word) > 1 or (len(word) == 1 and end == after)):
                break
            end += 1
        if end > after and any(numeral(word) for word in line.words[after:end]):
            yield line.span("ADDRESS", at, end, 0.93)
