"""A report as one page for a browser: charts and tables, no script, nothing fetched.

The page forbids itself everything but its own style, so that a name in it can
do nothing but be read.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files

from voicectl import __version__
from voicectl.render import charts, figures
from voicectl.reporting import IN_TIME, Figures, Report, Value

MOST_BARS = 15
"""Lying bars of one chart; the table has all."""


def page(report: Report) -> str:
    """Return the whole page."""
    style = files("voicectl.render").joinpath("page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    title = escape(figures.title(report))
    shown = [each for each in report.tables if each.rows and each.name != "all"]
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{title}</title><style>{style}</style></head><body>",
        f"<header><h1>{title}</h1><p>{escape(figures.circumstances(report))}</p></header>",
        f"<main>{_facts(report.table('all'))}",
        *(_section(each, report) for each in shown),
        "</main>",
        f"<footer>{escape(_made(report))}</footer></body></html>\n",
    ]
    return "\n".join(parts)


def _made(report: Report) -> str:
    at = f"Made {figures.moment(report)} by voicectl {__version__}."
    return f"{at} {figures.small_counts(report)}"


def _facts(whole: Figures) -> str:
    """Return the sums as a row of boxes."""
    if not whole.rows:
        return ""
    pairs = zip(whole.columns[1:], whole.rows[0][1:], strict=True)
    boxes = "".join(
        f"<li><b>{escape(figures.told(value, column.unit))}</b>"
        f"<span>{escape(column.name)}</span></li>"
        for column, value in pairs
        if value is not None
    )
    return f'<ul class="facts">{boxes}</ul>'


def _section(table: Figures, report: Report) -> str:
    chart = _chart(table, report)
    figure = f"<figure>{chart}</figure>" if chart else ""
    return (
        f"<section><h2>{escape(table.title)}</h2><p>{escape(table.about)}</p>"
        f"{figure}{_table(table)}</section>"
    )


def _chart(table: Figures, report: Report) -> str:
    """Return the chart of a table; each kind of figures has its own."""
    title = f"{table.title}: {table.columns[1].name} by {table.columns[0].name}"
    if table.name == "quality":
        return charts.lying(title, _verdicts(table), ("yes", "partly", "no"))
    if table.name == "groups" and report.by in IN_TIME:
        urgent = [column.name for column in table.columns].index("urgent")
        bars = [_bar(table, row, 1, urgent) for row in table.rows]
        return charts.standing(title, bars, ("calls", "of these urgent"))
    return charts.lying(title, [_bar(table, row, 1) for row in table.rows[:MOST_BARS]], ("calls",))


def _bar(table: Figures, row: Sequence[Value], *places: int) -> charts.Bar:
    values = tuple(_number(row[at]) for at in places)
    told = figures.told(row[1], table.columns[1].unit)
    return charts.Bar(figures.named(row[0], table.columns[0].name), values, told)


def _verdicts(table: Figures) -> list[charts.Bar]:
    """Return for each criterion the shares of yes, partly and no."""
    bars = []
    for row in table.rows:
        counts = [_number(value) for value in row[2:5]]
        whole = sum(value or 0 for value in counts) or 1
        told = figures.told(row[5], "share")
        shares = tuple((value or 0) / whole for value in counts)
        bars.append(charts.Bar(figures.named(row[0], "criterion"), shares, told))
    return bars


def _number(value: Value) -> float | None:
    return None if isinstance(value, str) else value


def _table(table: Figures) -> str:
    places = figures.telling(table)
    heads = "".join(f'<th scope="col">{escape(table.columns[at].name)}</th>' for at in places)
    rows = "".join(_row(table, row, places[1:]) for row in table.rows)
    cut = "<caption>The table is cut: there is more than this.</caption>" if table.cut else ""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(table.title)}">'
        f"<table>{cut}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(table: Figures, row: Sequence[Value], places: Sequence[int]) -> str:
    name = escape(figures.named(row[0], table.columns[0].name))
    cells = "".join(
        f"<td>{escape(figures.told(row[at], table.columns[at].unit))}</td>" for at in places
    )
    return f'<tr><th scope="row">{name}</th>{cells}</tr>'
