"""Marks as they are drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.text import Text

from voicectl.marks import Mark, MarkKind
from voicectl.tui import ink

WORDS = {
    MarkKind.FLAG: "flagged",
    MarkKind.NOTE: "noted",
    MarkKind.ESCALATION: "escalated",
}
SIGNS = {
    MarkKind.ESCALATION: ("⚑", ink.RED),
    MarkKind.FLAG: ("⚑", ink.WARM),
    MarkKind.NOTE: ("✎", ink.DIM),
}
"""The most urgent first."""


def sign(kinds: Iterable[MarkKind]) -> Text:
    """Return one character for all marks of a call."""
    given = set(kinds)
    return next((Text(*SIGNS[kind]) for kind in SIGNS if kind in given), Text(" "))


def sentence(mark: Mark) -> Text:
    """Return who noted what, and when."""
    said = f"{WORDS[mark.kind]}: {mark.note}" if mark.note else WORDS[mark.kind]
    by = ink.text(f"  {mark.who}, {mark.at.astimezone():%H:%M}", ink.DIM)
    return Text.assemble(sign((mark.kind,)), " ", ink.text(said), by)


def sentences(marks: Iterable[Mark]) -> Iterator[Text]:
    """Yield those of several marks."""
    return map(sentence, marks)
