"""Names of people: announced, known, spelt."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator
from functools import cache

from voicectl_models.entities.lines import Line, Span, phrases, table, words_of
from voicectl_models.entities.lines import line as taken_apart
from voicectl_models.entities.numbers import numeral, repeats

Ordinary = frozenset[str]
"""Everyday words, in lower case."""
Rare = Callable[[Line, int, Ordinary], bool]
_SPELT = re.compile(r"(?<!\w)[^\W\d_]{1,5}(?:[-.][^\W\d_]{1,5}){2,}(?!\w)")
"""A name spelt as recognisers write that: O-T-I-E-N-O, M.L.N.G.I., A-CHI-E-N-G."""
_LONGEST = 3
"""Words of a name."""
_ENDINGS = (
    "ing", "ed", "ate", "ates", "ness", "tion", "tions", "sion", "ment", "ments", "able", "ible",
    "ful", "less", "ist", "ists", "ism", "ity", "ive", "ous", "ly", "ize", "ise", "ician", "ology",
    "ance", "ence", "ency", "ional", "mental", "ship", "hood",
)  # fmt: skip
_ENDED = 6
"""Letters of a word whose ending counts; `emily` is short."""
_HALF = 4
"""Letters of each half of a compound."""
_KNOWN_LANGUAGE = 0.8
"""Share of everyday words from which on a rare word is rare in its own language too."""
_ENOUGH = 5
"""Words that tell a language."""


def find(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    """Yield names of people."""
    yield from _announced(line, ordinary)
    yield from _known(line, ordinary)
    yield from spelt(line)


def plain(lines: Iterable[Line], ordinary: Ordinary, names: Container[str]) -> bool:
    """Tell whether these are words of a language whose everyday words are known.

    `names` are words that are known to be one, and say nothing of the language.
    """
    known = (ordinary, never(), words_of("names", "given"), names)
    words = [word for line in lines if line.english for word in line.words]
    everyday = sum(numeral(word) or any(word in each for each in known) for word in words)
    return len(words) >= _ENOUGH and everyday >= _KNOWN_LANGUAGE * len(words)


def rare(line: Line, ordinary: Ordinary, names: Container[str], *, told: bool) -> Iterator[Span]:
    """Yield rare words of a text whose other words are not: names, nearly always.

    In a text of a language whose everyday words are not known every word would be rare;
    where that is said of it, `unknown` asks for more. A text of a few words cannot tell:
    `told` is whether the rest of the call does.
    """
    alone = len(line) >= _ENOUGH
    if line.english and not (plain([line], ordinary, names) if alone else told):
        return
    for at in range(len(line)):
        if unknown(line, at, ordinary):
            yield line.span("NAME", at, at + 1, 0.5)


def spelt(line: Line) -> Iterator[Span]:
    """Yield names said letter by letter: o t i e n o, o for oscar."""
    at = 0
    while at < len(line):
        after, letters = _letters(line, at)
        told = any(phrases("cues", "spelling").at(line.words, at - back) for back in range(1, 5))
        word = "".join(letters)
        enough = len(letters) >= (2 if told else 3) and len(set(letters)) > 1
        if enough and (told or word not in words_of("cues", "acronyms")):
            yield line.span("NAME", at, after, 0.85)
        at = max(after, at + 1)
    yield from _joined(line)


def _joined(line: Line) -> Iterator[Span]:
    """Yield letters that are written as one word; of its parts one may be more than a letter."""
    for match in _SPELT.finditer(line.text):
        parts = re.split("[-.]", match.group().lower())
        longer = sum(len(part) > 1 for part in parts)
        if longer < len(parts) / 2 and "".join(parts) not in words_of("cues", "acronyms"):
            yield Span("NAME", match.start(), match.end(), 0.85)


def unknown(line: Line, at: int, ordinary: Ordinary) -> bool:
    """Tell whether a word may be a name though nothing announces one.

    In English a rare word is. Of other languages the vocabulary lacks every second verb
    form: there only a capital inside a sentence tells.
    """
    return uncommon(line, at, ordinary) and (line.english or capital(line, at))


def uncommon(line: Line, at: int, ordinary: Ordinary) -> bool:
    """Tell whether a word is none that everybody says, as far as that is known."""
    word = line.words[at]
    if len(word) < 3 or numeral(word) or repeats(word) > 1 or word in never():
        return False
    return word not in ordinary and not _derived(word, ordinary)


@cache
def never() -> frozenset[str]:
    """Return words that are no part of a name: everyday words, and those of every cue."""
    keys = {
        "names": ("certain", "likely", "kin", "titles"),
        "places": ("certain", "likely"),
        "cues": ("date_joints", "months", "phone", "currencies", "spelling"),
    }
    known = (cue for name, of in keys.items() for key in of for cue in table(name)[key])
    cues = {word for cue in known for word in taken_apart(cue).words}
    return words_of("names", "never") | words_of("numbers", "joints") | cues


def capital(line: Line, at: int) -> bool:
    """Tell whether a word has a capital that does not begin a sentence."""
    return line.written(at)[0].isupper() and at > 0 and not line.stops(at - 1)


def _derived(word: str, ordinary: Ordinary) -> bool:
    """Tell whether a rare word is made of everyday ones: `schoolwork`, `reassured`."""
    if word.endswith(_ENDINGS) and len(word) > _ENDED:
        return True
    stems = (word.removesuffix(end) for end in ("s", "es", "d", "er", "ies"))
    if any(stem != word and {stem, stem + "e", stem + "y"} & ordinary for stem in stems):
        return True
    halves = range(_HALF, len(word) - _HALF + 1)
    return any(word[:at] in ordinary and word[at:] in ordinary for at in halves)


def _letters(line: Line, first: int) -> tuple[int, list[str]]:
    at, letters = first, list[str]()
    for_word = phrases("cues", "spelling_words")
    while at < len(line) and not (at > first and not line.between(at - 1).isspace()):
        word = line.words[at]
        following = line.words[at + 1] if at + 1 < len(line) else ""
        if repeats(word) > 1 and len(following) == 1 and following.isalpha():
            letters += [following] * repeats(word)
            at += 2
        elif len(word) == 1 and word.isalpha():
            letters.append(word)
            at += 1
        else:
            break
        skipped = for_word.at(line.words, at)
        if skipped and at + skipped < len(line) and line.words[at + skipped][0] == letters[-1]:
            at += skipped + 1
    return at, letters


def _announced(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    for _, after in phrases("names", "certain").all(line.words):
        if (end := _name(line, after, ordinary, uncommon, sure=True)) > after:
            yield line.span("NAME", after, end, 0.9)
    for key, rare in (("likely", unknown), ("kin", uncommon), ("titles", uncommon)):
        for _, after in phrases("names", key).all(line.words):
            if (end := _name(line, after, ordinary, rare)) > after:
                yield line.span("NAME", after, end, 0.7)


def _name(line: Line, first: int, ordinary: Ordinary, rare: Rare, *, sure: bool = False) -> int:
    """Return the word behind the name that begins here; `first` when none does."""
    known = words_of("names", "given") | words_of("names", "also_words")
    at = first
    while at < len(line) and at - first < _LONGEST and not line.stops(at - 1):
        word = line.words[at]
        fits = word in known or rare(line, at, ordinary) or capital(line, at)
        named = sure and at == first and len(word) > 2 and word not in never()
        if not (fits or named) or word in never():
            break
        at += 1
    return at


def _known(line: Line, ordinary: Ordinary) -> Iterator[Span]:
    given, also = words_of("names", "given"), words_of("names", "also_words")
    for at, word in enumerate(line.words):
        plainly = word in given and word not in also
        if plainly or (word in also and capital(line, at)):
            after = at + 1
            more = after < len(line) and not line.text[line.ends[at] : line.starts[after]].strip()
            if more and (line.words[after] in given or unknown(line, after, ordinary)):
                after += 1
            yield line.span("NAME", at, after, 0.8)
