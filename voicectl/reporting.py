"""Figures over many calls, and which of them are too small to be shown to others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, get_args

By: TypeAlias = Literal[
    "day", "week", "month", "weekday", "hour",
    "category", "urgent", "language", "agent", "speaker", "direction", "model",
]  # fmt: skip
"""What calls may be grouped by."""
BY: tuple[str, ...] = get_args(By)
IN_TIME = ("day", "week", "month", "weekday", "hour")
"""Those whose groups have an order of their own."""
Unit: TypeAlias = Literal["name", "count", "seconds", "share"]
Value: TypeAlias = str | int | float | None
"""A figure; text where a small one is hidden; None where there is nothing to tell."""
HIDDEN = "hidden"
"""In place of a figure from which a small one could be found out."""


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What somebody wants to know."""

    since: str | None = None
    """Calls first seen then or later; ISO 8601, UTC when no zone is given."""
    until: str | None = None
    """Calls first seen before that; written likewise."""
    by: By = "day"
    zone: str = ""
    """In which days begin, as the IANA's list has it; empty is that of the daemon's machine."""
    fewest: int = 1
    """A smaller count than this is hidden."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of figures."""

    name: str
    unit: Unit = "count"
    of: str = ""
    """The column that counts what these figures are made of; empty for the first count."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A table: a name in the first column, a count in the second, figures of them in the others."""

    name: str
    title: str
    about: str
    """What the figures are, in a sentence."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...] = ()
    whole: bool = False
    """True when every call is in exactly one row."""
    cut: bool = False
    """True when there were more rows than asked for."""


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in a time, in tables."""

    since: str | None
    """First and last day of what was asked for, ISO 8601; None for no limit."""
    until: str | None
    by: str
    zone: str
    """In which days begin; a name of the IANA's list."""
    fewest: int
    """A smaller count than this is hidden."""
    made: datetime
    tables: tuple[Figures, ...]

    def table(self, name: str) -> Figures:
        """Return one of them."""
        return next(each for each in self.tables if each.name == name)


def hidden(figures: Figures, fewest: int) -> Figures:
    """Return the table without counts from 1 to `fewest` - 1, and without what gives them away.

    Whoever is the only caller of a day could be recognised by it. Where a single count of a
    column is hidden that the sum would give back, the next smallest one goes with it.
    """
    if fewest <= 1:
        return figures
    rows = [_hidden_row(figures.columns, row, fewest) for row in figures.rows]
    if figures.whole:
        for at, column in enumerate(figures.columns):
            if column.unit == "count":
                _hide_beside(rows, figures.columns, at)
    return replace(figures, rows=tuple(map(tuple, rows)))


def _small(value: Value, fewest: int) -> bool:
    return isinstance(value, int) and 0 < value < fewest


def _hidden_row(columns: Sequence[Column], row: Sequence[Value], fewest: int) -> list[Value]:
    small = f"<{fewest}"
    if _small(row[1], fewest):
        return [row[0], small, *[HIDDEN] * (len(row) - 2)]
    few = {
        column.name
        for column, value in zip(columns, row, strict=True)
        if column.unit == "count" and _small(value, fewest)
    }
    return [
        small if column.name in few else HIDDEN if column.of in few else value
        for column, value in zip(columns, row, strict=True)
    ]


def _hide_beside(rows: list[list[Value]], columns: Sequence[Column], at: int) -> None:
    """Where one count of a column is hidden, hide the smallest of those that are left."""
    if sum(isinstance(row[at], str) for row in rows) != 1:
        return
    left = [row for row in rows if isinstance(row[at], int) and row[at]]
    if not left:
        return
    chosen = min(left, key=lambda row: float(row[at] or 0))
    for place, column in enumerate(columns):
        if place == at or (place and at == 1) or column.of == columns[at].name:
            chosen[place] = HIDDEN
