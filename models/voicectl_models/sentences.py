"""Text cut into what a translator reads at a time: a sentence, or a part of a long one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

MOST_WORDS = 40
"""Translators were trained on sentences; on much longer text they lose words and repeat others."""
LONGEST_WORD = 60
"""Letters that are read at a time where no space parts them: they cost time with their square,
and Chinese, Japanese and Thai write a whole sentence so."""
_ENDS = re.compile(r"(?<=[.?!…।])\s+|(?<=[。？！])\s*")
_COMMA = re.compile(r"[,;:，、；：]$")
_WORD = re.compile(r"[^\W\d_]")


def each(
    texts: Sequence[str],
    translate: Callable[[Sequence[str]], Sequence[str]],
    at_once: int,
    heed: Callable[[float], None],
) -> tuple[str, ...]:
    """Return the texts with every part translated; a part without letters stays as it is.

    `translate` is given at most `at_once` parts; before that `heed` is told which share is done,
    and may raise.
    """
    split = [parts(text) for text in texts]
    wanted = list(dict.fromkeys(part for several in split for part in several if has_words(part)))
    done: dict[str, str] = {}
    for first in range(0, len(wanted), at_once):
        heed(first / len(wanted))
        some = wanted[first : first + at_once]
        done |= zip(some, translate(some), strict=True)
    return tuple(" ".join(done.get(part, part).strip() for part in several) for several in split)


def has_words(text: str) -> bool:
    """True when there is something to translate."""
    return bool(_WORD.search(text))


def parts(text: str) -> list[str]:
    """Return the sentences of a text, long ones cut, at a comma where there is one."""
    return [part for sentence in _ENDS.split(text.strip()) for part in _short(sentence)]


def _short(sentence: str) -> Iterator[str]:
    """Yield a sentence in parts; of words without a space nothing is lost."""
    few: list[str] = []
    for word in sentence.split():
        if len(word) > LONGEST_WORD:
            yield from _cut(few, " ", MOST_WORDS)
            yield from _cut(list(word), "", LONGEST_WORD)
            few = []
        else:
            few.append(word)
    yield from _cut(few, " ", MOST_WORDS)


def _cut(pieces: Sequence[str], space: str, most: int) -> Iterator[str]:
    """Yield at most so many pieces together."""
    while pieces:
        end = len(pieces)
        if end > most:
            commas = [at for at in range(most // 2, most) if _COMMA.search(pieces[at])]
            end = commas[-1] + 1 if commas else most
        yield space.join(pieces[:end])
        pieces = pieces[end:]
