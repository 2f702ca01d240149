"""Urgent words and phrases, where they were said; a negated one is not reported.

Lists of words, by language, as sites write them in TOML. It is a search for words and no more:
it does not know who did what to whom, and it does not know a danger nobody puts in these words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta

from voicectl.types import Segment
from voicectl.understanding import Risk
from voicectl_recipes import written
from voicectl_recipes.scheme import Name

REACH = 3
"""Words before a phrase within which a negation is looked for; further away it may be about
something else, and then the phrase is reported."""
ANY_ENDING = "*"
"""At the end of a word of a list: whatever comes after it."""
WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
STOP = re.compile(r"[.,;:!?…¡¿]")
"""Between a negation and a phrase: it does not reach over this."""

Phrase = Annotated[str, Meta(min_length=2, max_length=100)]
Language = Annotated[str, Meta(pattern="^[a-z]{2,3}$")]


class Negations(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a language says that something is not there."""

    language: Language
    words: tuple[Phrase, ...]
    unless: tuple[Phrase, ...] = ()
    """Phrases that begin with one of them and deny nothing: `not only`."""


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Urgent words of one kind in one language."""

    kind: Name
    language: Language
    phrases: tuple[Phrase, ...]
    """Upper and lower case, accents and what is between the words do not matter; a word that ends
    in `*` has any ending."""


class RiskWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All lists of a site."""

    negation: tuple[Negations, ...] = ()
    urgent: tuple[Phrases, ...]

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, a phrase in which there is no word."""
        for each in self.urgent:
            for phrase in each.phrases:
                if not _split(phrase) or phrase.strip() == ANY_ENDING:
                    raise ValueError(f"there is no word in the phrase '{phrase}'")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Match:
    first: int
    after: int
    """Which tokens."""
    kind: str
    language: str


def read(text: bytes, name: str) -> RiskWords:
    """Return the lists written in `text`. Raises `UsageError` that names the key."""
    return written.read(text, RiskWords, name)


@cache
def builtin() -> RiskWords:
    """Return the lists that voicectl ships."""
    return written.named("wordlists", "builtin", RiskWords)


def find(
    segments: Iterable[Segment], words: RiskWords, languages: Sequence[str] = ()
) -> tuple[Risk, ...]:
    """Return what is urgent, in order; suspect segments are not read.

    A segment is searched for words of its own language, and of all of
    `languages` besides, for callers who mix them; of every language when it has none.
    """
    return tuple(
        risk
        for segment in segments
        if not segment.suspect
        for risk in _in_segment(segment, words, languages)
    )


def _in_segment(segment: Segment, words: RiskWords, languages: Sequence[str]) -> list[Risk]:
    wanted = {segment.language, *languages}
    every = segment.language is None and not languages
    tokens = _tokens(segment.text)
    matches = [
        _Match(at, at + len(phrase), each.kind, each.language)
        for each in words.urgent
        if every or each.language in wanted
        for phrase in map(_split, each.phrases)
        for at in _places(tokens, phrase)
    ]
    return [
        _risk(segment, tokens, match)
        for match in _longest(matches)
        if not _negated(segment.text, tokens, match, _denials(match, matches, segment, words))
    ]


def _denials(
    match: _Match, matches: Sequence[_Match], segment: Segment, words: RiskWords
) -> list[Negations]:
    """Return the negations of the languages that the phrase may be in, and of what is around it.

    Those of others are not asked: Swahili's `si` is no, Spanish `si` is if.
    """
    same = (match.first, match.after)
    languages = {each.language for each in matches if (each.first, each.after) == same}
    return [each for each in words.negation if each.language in languages | {segment.language}]


def _risk(segment: Segment, tokens: Sequence[_Token], match: _Match) -> Risk:
    start, end = tokens[match.first].start, tokens[match.after - 1].end
    return Risk(match.kind, segment.text[start:end], segment.id, start, end, match.language)


def _longest(matches: Sequence[_Match]) -> list[_Match]:
    """Return the matches in order, without those that share words with a longer one."""
    kept: list[_Match] = []
    for match in sorted(matches, key=lambda each: each.first - each.after):
        if all(match.after <= each.first or match.first >= each.after for each in kept):
            kept.append(match)
    return sorted(kept, key=lambda each: each.first)


def _negated(
    text: str, tokens: Sequence[_Token], match: _Match, denials: Sequence[Negations]
) -> bool:
    first = max(0, match.first - REACH)
    for at in range(first, match.first):
        between = text[tokens[at].end : tokens[match.first].start]
        if not STOP.search(between) and any(_denies(tokens, at, each) for each in denials):
            return True
    return False


def _denies(tokens: Sequence[_Token], at: int, negations: Negations) -> bool:
    def begins(phrases: Iterable[str]) -> bool:
        return any(_fits(tokens, at, _split(phrase)) for phrase in phrases)

    return begins(negations.words) and not begins(negations.unless)


def _places(tokens: Sequence[_Token], phrase: Sequence[str]) -> list[int]:
    return [at for at in range(len(tokens)) if _fits(tokens, at, phrase)]


def _fits(tokens: Sequence[_Token], at: int, phrase: Sequence[str]) -> bool:
    said = tokens[at : at + len(phrase)]
    return len(said) == len(phrase) and all(
        token.text.startswith(word[:-1]) if word.endswith(ANY_ENDING) else token.text == word
        for token, word in zip(said, phrase, strict=True)
    )


def _tokens(text: str) -> list[_Token]:
    return [_Token(_plain(word[0]), *word.span()) for word in WORD.finditer(text)]


@cache
def _split(phrase: str) -> tuple[str, ...]:
    marked = re.finditer(rf"{WORD.pattern}\*?", phrase)
    return tuple(_plain(word[0]) for word in marked)


def _plain(word: str) -> str:
    """Return a word without case and accents, which recognisers get wrong."""
    apart = unicodedata.normalize("NFKD", word.replace("’", "'").casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))
