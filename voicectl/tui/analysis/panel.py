"""Category, urgent words, summary and what was found, beside the conversation."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from voicectl.marks import Mark
from voicectl.tui import ink
from voicectl.tui.analysis.meaning import Meaning
from voicectl.tui.height import Grows
from voicectl.tui.marks import shown

MOST_FOUND = 24
"""Names, numbers and the like that are listed."""


class Analysis(Static, Grows):
    """What the chosen call is taken to mean."""

    def __init__(self, place: str) -> None:
        super().__init__(id=place)
        self._told: tuple[Meaning, tuple[Mark, ...], bool] | None = None

    def tell(self, meaning: Meaning, marks: tuple[Mark, ...], *, wide: bool) -> None:
        """Show it: in sections where there is room, else in three lines."""
        if self._told == (meaning, marks, wide):
            return
        self._told = (meaning, marks, wide)
        self.update(_sections(meaning, marks) if wide else _lines(meaning))


def _sections(meaning: Meaning, marks: Iterable[Mark]) -> Group:
    parts: list[Text] = []
    if noted := list(shown.sentences(marks)):
        parts += [Text("Marks", f"bold {ink.BRAND}"), *noted, Text()]
    if meaning.still:
        parts += [ink.text(meaning.still, ink.DIM), Text()]
    told = (
        ("Category", _categories(meaning)),
        ("Urgent", _risks(meaning)),
        ("Summary", _summary(meaning)),
        ("Found", _found(meaning)),
    )
    for title, lines in told:
        drawn = list(lines)
        parts += [Text(title, f"bold {ink.BRAND}"), *(drawn or [Text("–", ink.FAINT)]), Text()]
    return Group(*parts)


def _lines(meaning: Meaning) -> Group:
    if meaning.empty:
        return Group(ink.text(meaning.still, ink.DIM))
    joined = Text("  ").join
    last = ("summary   ", _summary(meaning)) if meaning.summary else ("found     ", _found(meaning))
    return Group(
        Text.assemble(("category  ", ink.DIM), joined(_categories(meaning))),
        Text.assemble(("urgent    ", ink.DIM), joined(_risks(meaning))),
        Text.assemble((last[0], ink.DIM), joined(last[1])),
    )


def _categories(meaning: Meaning) -> Iterable[Text]:
    for name, score in meaning.labels:
        yield Text.assemble(ink.text(name, "bold"), (f" {100 * score:.0f} %", ink.DIM))
    if meaning.moved:
        yield ink.text(meaning.moved, ink.DIM)


def _risks(meaning: Meaning) -> Iterable[Text]:
    for said, kind in meaning.risks:
        yield Text.assemble(ink.text(said, f"bold {ink.RED}"), ink.text(f" {kind}", ink.DIM))


def _summary(meaning: Meaning) -> Iterable[Text]:
    for sentence, supported in meaning.summary:
        yield ink.text(sentence, "" if supported else ink.WARM)


def _found(meaning: Meaning) -> Iterable[Text]:
    for label, said in meaning.found[:MOST_FOUND]:
        yield Text.assemble(ink.text(f"{label.lower()} ", ink.DIM), ink.text(said))
    if len(meaning.found) > MOST_FOUND:
        yield Text(f"and {len(meaning.found) - MOST_FOUND} more", ink.DIM)
