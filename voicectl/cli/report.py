"""`voicectl report`: figures over many calls, as tables, charts, CSV, JSON or a page."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from voicectl import zone
from voicectl.cli import show, values
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch
from voicectl.errors import UsageError
from voicectl.reporting import BY, ReportWish

if TYPE_CHECKING:
    from voicectl.reporting import Figures, Report, Value

WIDEST_BAR, LEAST_BAR = 20, 6
SPARE = ("scored", "sorted")
"""Figures that a narrow terminal leaves out, the last one first; --csv has all."""
MOST_LINES = 40
"""Of one table on a terminal."""


def report(  # noqa: PLR0913, each is a flag
    since: Annotated[
        str,
        typer.Option("--from", "--since", metavar="DATE", help="Calls first seen then or later."),
    ] = "",
    until: Annotated[
        str,
        typer.Option("--to", "--until", metavar="DATE", help="Until then, that day included."),
    ] = "",
    by: Annotated[
        str, typer.Option(metavar="GROUP", show_default="day", help=f"One of: {', '.join(BY)}.")
    ] = "day",
    in_zone: Annotated[
        str, typer.Option("--zone", metavar="ZONE", help="In which days begin: Africa/Nairobi.")
    ] = "",
    min_count: Annotated[
        int, typer.Option(min=1, metavar="N", help="Hide counts from 1 to N - 1.")
    ] = 1,
    html: Annotated[
        str, typer.Option(metavar="FILE", help="Write one page for a browser; it fetches nothing.")
    ] = "",
    *,
    csv_: Annotated[
        bool, switch("--csv", help_text="Print CSV instead: one figure a line.")
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Report on many calls: how many, how long, about what, how urgent, how well.

    Days are those on which voicectl first saw a recording. What leaves the house should hide
    small counts: the only caller of a day may be recognised by one.

      voicectl report --from 2026-11-01 --by week
      voicectl report --by category --html november.html --min-count 5
    """
    if csv_ + json + bool(html) > 1:
        raise UsageError("--html, --csv and --json exclude each other")
    wish = _wish(since, until, by, in_zone, min_count)
    with open_door() as door:
        found = door.report(wish)
    if html:
        _write(found, html)
    elif json:
        show.answer_json(found)
    elif csv_:
        _csv(found)
    else:
        _tell(found)
    for table in found.tables if not json else ():
        if table.cut:
            show.note(f"{table.title}: only {len(table.rows):,} rows; narrow it with --from, --to")


def _wish(since: str, until: str, by: str, in_zone: str, fewest: int) -> ReportWish:
    """Return the flags as the daemon takes them. Raises `UsageError` that names one."""
    asked = in_zone or zone.here()
    there = zone.of(asked)
    first = since and _read("--from", since, partial(values.moment, zone=there)).isoformat()
    last = until and _read("--to", until, partial(values.end, zone=there)).isoformat()
    return ReportWish(
        first or None, last or None, _read("--by", by, values.one_of(*BY)), asked, fewest
    )


def _read(flag: str, text: str, read: values.Reader) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(f"{flag}: '{text}' {error}", hint="see: voicectl report --help") from error


def _write(found: Report, html: str) -> None:
    from voicectl.render import files
    from voicectl.render.page import page

    path = values.absolute(Path(html).expanduser())
    files.write(path, page(found))
    show.answer(str(path))
    if found.fewest <= 1:
        show.note("small counts are shown; for others hide them, as with: --min-count 5")


def _csv(found: Report) -> None:
    """Print every figure on a line of its own."""
    from voicectl.render.plain import inert

    safe = show.clean if show.on_terminal() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("table", "group", "figure", "value"))
    for table in found.tables:
        for row in table.rows:
            for column, value in zip(table.columns[1:], row[1:], strict=True):
                name = "" if row[0] is None else inert(safe(str(row[0])))
                writer.writerow((table.name, name, column.name, "" if value is None else value))


def _tell(found: Report) -> None:
    """Print tables, with bars on a terminal."""
    from voicectl.render import figures

    console = show.stdout()
    console.print(show.text(figures.title(found), "bold"), soft_wrap=True)
    console.print(show.text(figures.circumstances(found), "dim"))
    for table in found.tables:
        if table.rows and not (table.name == "all" and not table.rows[0][1]):
            console.print()
            console.print(show.text(table.title, "bold"))
            _table(table)
    if not found.table("all").rows[0][1]:
        show.note("no calls in this time; see: voicectl calls list")


def _table(table: Figures) -> None:
    from voicectl.render import figures

    places = figures.telling(table)
    drawn = show.on_terminal()
    rows = table.rows[-MOST_LINES:] if drawn else table.rows

    def cells(row: Sequence[Value]) -> list[str | Text]:
        first = figures.named(row[0], table.columns[0].name)
        return [first, *(figures.told(row[at], table.columns[at].unit) for at in places[1:])]

    def titles() -> list[str]:
        return [table.columns[at].name + (">" if at else "") for at in places]

    if drawn and table.name == "all":
        pairs = zip(titles()[1:], cells(rows[0])[1:], strict=True)
        show.table(("Figure", "Value>"), [(name.rstrip(">"), value) for name, value in pairs])
        return
    spare = [at for at in places if table.columns[at].name in SPARE]
    while drawn and spare and show.room(titles(), list(map(cells, rows))) < 0:
        places.remove(spare.pop())
    columns, lines = titles(), list(map(cells, rows))
    room = min(WIDEST_BAR, show.room(columns, lines, whole=True)) if drawn else 0
    if room >= LEAST_BAR:
        most = max((row[1] for row in rows if isinstance(row[1], int)), default=0)
        lines = [[*line, _bar(row[1], most, room)] for line, row in zip(lines, rows, strict=True)]
        columns = [*columns, ""]
    show.table(columns, lines)
    if len(lines) < len(table.rows):
        show.note(f"{len(lines):,} rows of {len(table.rows):,}; all of them with --csv")


def _bar(value: Value, most: int, widest: int) -> Text:
    share = value / most if isinstance(value, int) and most else 0.0
    return Text("█" * round(widest * share) or ("▏" if share else ""), "cyan")
