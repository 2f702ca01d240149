"""Addresses of the internet, as written and as said: peter dot otieno at gmail dot com."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicectl_models.entities.lines import Line, Span, words_of
from voicectl_models.entities.numbers import numeral, repeats

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:https?://|www\.)\S+|\b\d{1,3}(?:\.\d{1,3}){3}\b")
_WRITTEN = re.compile(r"(?:[\w-]+\.)+([a-z]{2,4})\b", re.IGNORECASE)
"""The domain of an address that was said, as a recogniser writes it: at gmail.com."""
_LOCAL = 6
"""Words before the at sign, when none of them says where the address begins."""


def find(line: Line) -> Iterator[Span]:
    """Yield e-mail addresses and those of sites and machines."""
    for label, pattern in (("EMAIL", _EMAIL), ("URL", _URL)):
        for match in pattern.finditer(line.text):
            yield Span(label, match.start(), match.end(), 1.0)
    for at, word in enumerate(line.words):
        if word in words_of("cues", "at_sign") and at:
            after = _domain(line, at + 1)
            first = _local(line, at)
            if after and first < at:
                yield line.span("EMAIL", first, after, 0.98)

    yield from _half_written(line)


def _half_written(line: Line) -> Iterator[Span]:
    """Yield what was said before a written domain and belongs to it: peter dot otieno at mail.com.

    A recogniser that did not hear the sign writes a dot more; a domain alone is nobody's.
    """
    signs = words_of("cues", "at_sign")
    for match in _WRITTEN.finditer(line.text):
        if match.group(1).lower() not in words_of("cues", "domains"):
            continue
        at = next(place for place, start in enumerate(line.starts) if start >= match.start())
        before = line.words[at - 1] if at else ""
        first = at - 1 if before in signs else at
        if before in signs | words_of("cues", "dot") or match.group().count(".") > 1:
            yield Span("EMAIL", line.starts[_local(line, first)], match.end(), 0.9)


def _domain(line: Line, first: int) -> int:
    """Return the word behind `gmail dot com`; 0 where there is none."""
    dots, tops = words_of("cues", "dot"), words_of("cues", "domains")
    for at in range(first + 1, min(first + 5, len(line) - 1)):
        if line.words[at] in dots and line.words[at + 1] in tops | {"gmail", "yahoo"}:
            after = at + 2
            while after + 1 < len(line) and line.words[after] in dots:
                after += 2
            return after
    return 0


def _local(line: Line, at: int) -> int:
    stops, joints = words_of("cues", "email_stops"), words_of("cues", "email_joints")
    first = at
    while first and at - first < 2 * _LOCAL and not line.stops(first - 1):
        word = line.words[first - 1]
        joined = first > 1 and line.words[first - 2] in joints
        spelt = len(word) == 1 and first < at and len(line.words[first]) == 1
        if word in stops and not (joined or spelt):
            break
        plain = numeral(word) or repeats(word) > 1 or len(word) == 1 or word in joints
        if not plain and at - first >= _LOCAL:
            break
        first -= 1
    return first
