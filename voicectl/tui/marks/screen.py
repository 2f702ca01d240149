"""Asks for a note, or whether others are to be told at once."""

from __future__ import annotations

from voicectl.marks import LONGEST, MarkKind, MarkWish
from voicectl.tui.asking import Question


class Note(Question[MarkWish]):
    """What there is to say about a call."""

    def __init__(self, call: str) -> None:
        question = f"What is there to note about {call}? Without names"
        super().__init__(question, "call back before six", "keeps it")

    def read(self, text: str) -> MarkWish | None:
        """Return the wish, if anything is said."""
        return _wish(self, MarkKind.NOTE, text) if text else None


class Escalation(Question[MarkWish]):
    """Whether others are to be told of a call, and why."""

    def __init__(self, call: str) -> None:
        question = f"Have others told of {call} at once? Why, or nothing; it stays here"
        super().__init__(question, "in danger now", "tells them")

    def read(self, text: str) -> MarkWish | None:
        """Return the wish; it needs no words."""
        return _wish(self, MarkKind.ESCALATION, text)


def _wish(asking: Question[MarkWish], kind: MarkKind, text: str) -> MarkWish | None:
    if len(text) > LONGEST:
        asking.notify(f"It has at most {LONGEST:,} characters.", markup=False)
        return None
    return MarkWish(kind, text)
