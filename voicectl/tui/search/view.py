"""What was said in the calls of the store, and the conversation around a hit."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import DataTable, Input

from voicectl.marks import Mark
from voicectl.printable import clock, count
from voicectl.results import Hit
from voicectl.tui import ink, masks
from voicectl.tui.board import Asked, Board
from voicectl.tui.conversation import said
from voicectl.tui.conversation.view import Conversation
from voicectl.tui.marks.shown import sentences
from voicectl.tui.rows import Rows
from voicectl.tui.told import Told

BETWEEN = "\n"
"""Joins call and segment in the key of a row; no id has it."""

LEAD = 24
"""Characters before a hit that are shown; it is to be in sight on a narrow screen."""


class SearchView(Vertical):
    """A question, its hits, and the call of the chosen hit."""

    class Asked(Message):
        """Somebody wants to know where something was said."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Chosen(Message):
        """A call of the store is wanted."""

        def __init__(self, call: str) -> None:
            super().__init__()
            self.call = call

    def compose(self) -> ComposeResult:
        """Lay out the regions."""
        question = Input(placeholder="words that were said, then Enter", id="question")
        question.cursor_blink = False  # each time is a message over ssh
        yield question
        yield Told(id="answer")
        yield Rows((("Call", 13), ("At", 7), ("Who", 10), ("Said", None)), place="hits")
        yield Told(id="noted")
        yield Conversation(follows=False, place="around")

    def tell(self, board: Board) -> None:
        """Show what the board knows."""
        asked = board.search
        self.query_one("#answer", Told).tell(_answer(asked))
        hits = asked.hits or ()
        table = self.query_one("#hits", Rows)
        table.display = bool(hits)
        table.tell({_key(hit): _row(hit, asked.text, _mask(board, hit)) for hit in hits})
        around = self.query_one("#around", Conversation)
        call, _, segment = (table.chosen or "").partition(BETWEEN)
        record = board.record(call) if hits else None
        around.display = record is not None
        if record is None:
            around.tell(None, ())
        else:
            mask = masks.SHOWN if board.is_shown(call) else masks.of_record(record)
            around.tell(table.chosen, mask.conversation(said.of_record(record)))
        self._tell_marks(board.marks(call))
        if record is not None and self._at != table.chosen and around.size.height:
            self._at = table.chosen
            around.go_to(segment)

    def _tell_marks(self, marks: Sequence[Mark]) -> None:
        noted = self.query_one("#noted", Told)
        noted.display = bool(marks)
        noted.tell(Text("\n").join(sentences(marks[-3:])))

    _at: str | None = None
    """The hit that was scrolled to."""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Have it searched."""
        if event.value.strip():
            self._at = None
            self.post_message(self.Asked(event.value.strip()))
            self.query_one("#hits", Rows).focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Ask for the call of the hit under the cursor."""
        if event.row_key.value is not None:
            self.post_message(self.Chosen(event.row_key.value.partition(BETWEEN)[0]))

    @property
    def chosen(self) -> str | None:
        """The id of the call that is looked at."""
        return (self.query_one("#hits", Rows).chosen or "").partition(BETWEEN)[0] or None


def _key(hit: Hit) -> str:
    return f"{hit.call}{BETWEEN}{hit.segment}"


def _answer(asked: Asked) -> Text:
    if not asked.text:
        return Text("Calls of the store; those in progress come in after their end.", ink.DIM)
    if asked.problem:
        return ink.text(asked.problem, ink.WARM)
    if asked.hits is None:
        return Text("searching …", ink.DIM)
    return ink.text(f"{count(len(asked.hits), 'line')} with '{asked.text}'", ink.DIM)


def _mask(board: Board, hit: Hit) -> masks.Known:
    """Return what is to be hidden of a hit; of most calls nothing is known but that line."""
    if board.is_shown(hit.call):
        return masks.SHOWN
    record = board.record(hit.call)
    return masks.of_record(record) if record else masks.NOTHING


def _row(hit: Hit, asked: str, mask: masks.Known) -> tuple[Text, ...]:
    said = mask.masked(hit.text, read=hit.start < mask.until).strip()
    at = said.lower().find(asked.lower())
    line = ink.text(said if at <= LEAD else f"…{said[at - LEAD :]}")
    line.highlight_words([asked], f"bold {ink.WARM}", case_sensitive=False)
    return (ink.text(hit.call), Text(f"{clock(int(hit.start)):>7}", ink.DIM),
            ink.cut(hit.speaker or "", 10, ink.DIM), line)  # fmt: skip
