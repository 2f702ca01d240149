"""The list of calls: one row each, drawn anew only where something changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeAlias

from rich.text import Text
from textual.binding import Binding
from textual.widgets import DataTable

from voicectl.live import LiveCall
from voicectl.printable import clock
from voicectl.tui import ink
from voicectl.tui.analysis.meaning import Meaning
from voicectl.tui.height import Grows
from voicectl.tui.marks import shown

Row: TypeAlias = tuple[LiveCall, Meaning]


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    title: str
    width: int
    draw: Callable[[LiveCall, Meaning, datetime], Text]


def _age(call: LiveCall, _: Meaning, now: datetime) -> Text:
    seconds = ((call.ended or now) - call.started).total_seconds()
    return Text(f"{clock(max(seconds, 0)):>7}", ink.DIM if call.state.final else "")


def _of(field: Callable[[LiveCall], str], width: int) -> Callable[..., Text]:
    def draw(call: LiveCall, _: Meaning, __: datetime) -> Text:
        return ink.cut(field(call), width, ink.DIM if call.state.final else "")

    return draw


def _levels(width: int) -> Callable[..., Text]:
    def draw(call: LiveCall, _: Meaning, __: datetime) -> Text:
        if call.state.final:
            return ink.cut(call.reason or "", 2 * width + 1, ink.DIM)
        return ink.meters(call, width)

    return draw


def _category(width: int) -> Callable[..., Text]:
    return lambda call, meaning, now: ink.cut(
        meaning.category or call.category or "", width, "bold"
    )


def _risk(width: int) -> Callable[..., Text]:
    def draw(call: LiveCall, meaning: Meaning, _: datetime) -> Text:
        return ink.cut(", ".join(meaning.urgent or call.urgent), width, f"bold {ink.RED}")

    return draw


def _mark(call: LiveCall, _: Meaning, __: datetime) -> Text:
    return Text.assemble(shown.sign(call.marked), ink.mark(call))


def _lag(call: LiveCall, _: Meaning, __: datetime) -> Text:
    return ink.lag(call.lag)


def _state(call: LiveCall) -> str:
    return str(call.state).replace("_", " ")


WIDE_FROM = 116
"""Columns of a screen that has room for more beside what calls are about."""
GAP, EDGES = 1, 3
"""Columns between columns; at both edges with the scroll bar."""
MOST_MEANING = 30
NARROW = (
    Column("", 2, _mark),
    Column("    Age", 7, _age),
    Column("Line", 8, _of(lambda call: call.line, 8)),
    Column("Who", 13, _of(lambda call: ", ".join(call.legs), 13)),
    Column("Lang", 4, _of(lambda call: call.language or "", 4)),
    Column("Levels", 11, _levels(5)),
    Column("Lag", 4, _lag),
)
WIDE = (
    Column("", 2, _mark),
    Column("Call", 12, _of(lambda call: call.id, 12)),
    Column("    Age", 7, _age),
    Column("State", 12, _of(_state, 12)),
    Column("Line", 8, _of(lambda call: call.line, 8)),
    Column("Who", 14, _of(lambda call: ", ".join(call.legs), 14)),
    Column("Lang", 4, _of(lambda call: call.language or "", 4)),
    Column("Levels", 17, _levels(8)),
    Column("Lag", 5, _lag),
)


@cache
def columns(width: int) -> Sequence[Column]:
    """Return the columns for a screen: what is known of the meaning gets the room that is left."""
    chosen = WIDE if width >= WIDE_FROM else NARROW
    fixed = sum(column.width + GAP for column in chosen)
    each = max(min((width - EDGES - fixed) // 2 - GAP, MOST_MEANING), 1)
    category, urgent = (
        Column("Category", each, _category(each)),
        Column("Urgent", each, _risk(each)),
    )
    return (*chosen, category, urgent)


class CallTable(DataTable[Text], Grows):
    """Calls in progress, then those just over."""

    BINDINGS = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self, place: str) -> None:
        super().__init__(
            cursor_type="row",
            cursor_foreground_priority="renderable",
            zebra_stripes=False,
            cell_padding=0,
            id=place,
        )
        self._columns: Sequence[Column] = ()
        self._drawn: dict[str, list[Text]] = {}
        self._quiet = True

    @property
    def chosen(self) -> str | None:
        """The id of the call under the cursor."""
        ids = list(self._drawn)
        return ids[self.cursor_row] if 0 <= self.cursor_row < len(ids) else None

    def tell(self, rows: Sequence[Row], now: datetime, width: int) -> None:
        """Show the calls; the cursor stays on its call, wherever that goes."""
        wanted = columns(width)
        drawn = {
            call.id: [column.draw(call, meaning, now) for column in wanted]
            for call, meaning in rows
        }
        chosen = self._follow([call for call, _ in rows])
        if list(drawn) != list(self._drawn) or wanted != self._columns:
            self._rebuild(drawn, wanted, chosen)
        else:
            self._touch_up(drawn)
        self._drawn = drawn

    def _follow(self, calls: Sequence[LiveCall]) -> str | None:
        """Return the call for the cursor: its own, or the first that comes in when none was up."""
        up = any(not call.state.final for call in calls)
        was_quiet, self._quiet = self._quiet, not up
        return calls[0].id if was_quiet and up else self.chosen

    def _rebuild(
        self, drawn: dict[str, list[Text]], wanted: Sequence[Column], chosen: str | None
    ) -> None:
        self.clear(columns=True)
        self._columns = wanted
        for at, column in enumerate(wanted):
            # A space of their own keeps columns apart: a cursor without gaps is calmer.
            self.add_column(Text(column.title), width=column.width + 1, key=str(at))
        for call, cells in drawn.items():
            self.add_row(*cells, key=call)
        if chosen in drawn:
            self.move_cursor(row=list(drawn).index(chosen), animate=False)

    def _touch_up(self, drawn: dict[str, list[Text]]) -> None:
        for call, cells in drawn.items():
            before = self._drawn[call]
            for at, cell in enumerate(cells):
                if cell != before[at]:
                    self.update_cell(call, str(at), cell)
