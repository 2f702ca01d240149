"""`voicectl sql`: one SELECT over everything that is known."""

from __future__ import annotations

import csv
import sys
from typing import Annotated, Any

import typer

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch
from voicectl.errors import UsageError
from voicectl.results import Table


def sql(
    query: Annotated[str, typer.Argument(metavar="SELECT", help="One SELECT, in quotes.")],
    limit: Annotated[int, typer.Option(metavar="N", show_default="1000", help="Most rows.")] = 1000,
    *,
    csv_: Annotated[bool, switch("--csv", help_text="Print CSV instead.")] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Ask the store in SQL.

    Tables are calls, segments and words, and what was found in calls: labels, summaries, scores,
    risks, entities, translations, feedback; live_calls came in on a line. docs/store.md explains
    their columns.

      voicectl sql "show tables"
      voicectl sql "describe segments"
      voicectl sql "select speaker, count(*) from segments group by speaker"
    """
    if csv_ and json:
        raise UsageError("--csv and --json exclude each other")
    with open_door() as door:
        table = door.sql(query, limit)
    if json:
        show.answer_json([dict(zip(table.columns, row, strict=True)) for row in table.rows])
    elif csv_:
        _csv(table)
    else:
        columns = [
            f"{name}>" if _numeric(table, at) else name for at, name in enumerate(table.columns)
        ]
        show.table(columns, [[_cell(value) for value in row] for row in table.rows])
    if table.cut:
        show.note(f"only the first {len(table.rows):,} rows; ask for more with --limit")


def _csv(table: Table) -> None:
    """Print CSV: as it is for programs, without control characters for a terminal.

    What people said or named is no formula; see `inert`.
    """
    from voicectl.render.plain import inert

    safe = show.clean if show.on_terminal() else str
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([safe(name) for name in table.columns])
    for row in table.rows:
        told = [inert(value) if isinstance(value, str) else _cell(value) for value in row]
        writer.writerow([safe(value) for value in told])


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _numeric(table: Table, column: int) -> bool:
    values = [row[column] for row in table.rows if row[column] is not None]
    return bool(values) and all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values
    )
