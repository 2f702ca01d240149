"""Names and numbers on the screen, behind dots until somebody who may has them taken away.

What was found in a call is hidden, and long numbers that nobody found. What nobody has read yet
may hold any name: there every word with a capital is hidden that is not an everyday one. A mask
is as long as what it hides, so places in a text stay where they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from voicectl.live import LiveAnalysis
from voicectl.tui.analysis.meaning import Meaning
from voicectl.tui.conversation.said import ENTITY, Said
from voicectl.types import CallRecord

DOT = "•"
_OPENERS = """
    a about after all also am an and any are as at because but by bye can could did do does for from
    go good goodbye had has have he hello her here hi him his how i if in is it its just let like
    listen look may maybe me my never no not now of oh ok okay on one or our out please right she so
    some sorry stay tell thank thanks that the their them then there these they this those to today
    tonight tomorrow until wait was we well were what when where which who why will with would yeah
    yes yesterday you your
"""
EVERYDAY = frozenset(_OPENERS.split())
"""Words that begin sentences and are no names; English, others stay hidden until they are read."""
_LONG, _ANY = re.compile(r"\+?\d(?:[ .-]?\d){3,}"), re.compile(r"\d(?:[ .-]?\d)+")
_WORD = re.compile(r"[^\W\d_]+")
_SIGN = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a call that is to be hidden."""

    words: tuple[str, ...] = ()
    """Names, numbers and places that were found."""
    until: float = 0.0
    """The second up to which somebody has looked for them."""
    hidden: bool = False
    """True when a recipe has taken them out already."""

    def masked(self, text: str, spans: Iterable[tuple[int, int]] = (), *, read: bool = True) -> str:
        """Return a text of the same length; `spans` are to be hidden whatever is there."""
        if self.hidden:
            return text
        places = [*spans, *_spans(_said(self.words), text)]
        places += _spans(_LONG if read else _ANY, text)
        if not read:
            places += _capitals(text)
        for start, end in places:
            text = text[:start] + _SIGN.sub(DOT, text[start:end]) + text[end:]
        return text

    def conversation(self, said: Iterable[Said]) -> Iterator[Said]:
        """Yield turns as they may be shown."""
        for each in said:
            read = each.final and each.start < self.until
            spans = [(start, end) for start, end, style in each.marks if style == ENTITY]
            # A name may be written otherwise in another language.
            yield replace(
                each,
                text=self.masked(each.text, spans, read=read),
                translation=self.masked(each.translation, read=False),
            )

    def meaning(self, found: Meaning) -> Meaning:
        """Return what a call means as it may be shown."""
        if self.hidden:
            return found
        return replace(
            found,
            risks=tuple((self.masked(text), kind) for text, kind in found.risks),
            summary=tuple((self.masked(text), sure) for text, sure in found.summary),
            found=tuple((label, _SIGN.sub(DOT, text)) for label, text in found.found),
        )


NOTHING = Known()
SHOWN = Known(hidden=True)
"""For whoever may see all of it."""


def of_analysis(analysis: LiveAnalysis | None) -> Known:
    """Return what was found in a call so far."""
    if analysis is None:
        return NOTHING
    return Known(tuple(each.text for each in analysis.entities), analysis.seconds)


def of_record(record: CallRecord) -> Known:
    """Return what a recipe has found in a call."""
    steps = {step.stage for step in record.done}
    if "redact" in steps:
        return SHOWN
    until = record.audio.seconds + 1.0 if "entities" in steps else 0.0
    return Known(tuple(each.text for each in record.entities), until)


@lru_cache(64)
def _said(words: tuple[str, ...]) -> re.Pattern[str]:
    """Return what finds words, and those that they are made of, as they are written."""
    parts = {part for word in words for part in _WORD.findall(word) if part[0].isupper()}
    every = sorted({*words, *parts} - {""}, key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, every))})\b" if every else r"(?!)")


def _spans(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (found.span() for found in pattern.finditer(text))


def _capitals(text: str) -> Iterator[tuple[int, int]]:
    for found in _WORD.finditer(text):
        placeholder = found.start() and text[found.start() - 1] == "["
        if found[0][0].isupper() and found[0].lower() not in EVERYDAY and not placeholder:
            yield found.span()
