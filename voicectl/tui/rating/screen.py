"""Asks for a rating and a note; they are kept beside what the machine found."""

from __future__ import annotations

import re

from voicectl.feedback import BEST, FeedbackWish
from voicectl.tui.asking import Question

_GIVEN = re.compile(rf"([1-{BEST}])(?:\s+(.*))?")


class Rating(Question[FeedbackWish]):
    """A number, and what there is to say about it."""

    def __init__(self, call: str) -> None:
        question = f"How good is {call}? 1 to {BEST}, then a note without names"
        super().__init__(question, "4 calm, and told where to go", "keeps it")

    def read(self, text: str) -> FeedbackWish | None:
        """Return the wish, if there is a rating in it."""
        found = _GIVEN.fullmatch(text)
        if found is None:
            self.notify(f"It begins with a number from 1 to {BEST}.", markup=False)
            return None
        return FeedbackWish(rating=int(found[1]), note=(found[2] or "").strip())
