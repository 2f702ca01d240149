"""Figures of a report in words, for terminal and page alike."""

from __future__ import annotations

from datetime import datetime, timedelta

from voicectl import zone
from voicectl.amounts import length, share
from voicectl.render.plain import clean
from voicectl.reporting import Figures, Report, Unit, Value

NAMELESS = {"category": "no category", "urgent": "nothing urgent"}
"""What the group without a name is called."""


def told(value: Value, unit: Unit) -> str:
    """Return a figure as people read it; nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if unit == "seconds":
        return length(value)
    return share(value) if unit == "share" else f"{value:,}"


def named(value: Value, column: str) -> str:
    """Return the name of a group, without control characters."""
    return NAMELESS.get(column, "unknown") if value is None else clean(str(value))


def telling(table: Figures) -> list[int]:
    """Return the places of the columns that say anything: not those of zeros alone."""
    return [at for at in range(len(table.columns)) if at < 2 or any(row[at] for row in table.rows)]


def title(report: Report) -> str:
    """Return what a report is about."""
    since, until = report.since and _day(report, report.since), report.until and _last(report)
    if since and until:
        return f"Calls of {since}" if since == until else f"Calls, {since} to {until}"
    if since or until:
        return f"Calls since {since}" if since else f"Calls until {until}"
    return "All calls"


def circumstances(report: Report) -> str:
    """Return what has to be known of all figures."""
    return (
        f"By when voicectl first saw a recording; days begin in {report.zone}. Figures are of "
        "what machines made of the calls, with their errors."
    )


def small_counts(report: Report) -> str:
    """Return what was done about small counts."""
    if report.fewest <= 1:
        return "Small counts are shown: they may tell who called."
    return f"Counts of 1 to {report.fewest - 1} are hidden, and what would give them away."


def moment(report: Report) -> str:
    """Return when it was made."""
    return report.made.astimezone(zone.of(report.zone)).strftime("%Y-%m-%d %H:%M")


def _day(report: Report, text: str) -> str:
    at = datetime.fromisoformat(text)
    here = at.astimezone(zone.of(report.zone))
    return here.strftime("%Y-%m-%d" if here.time() == here.time().min else "%Y-%m-%d %H:%M")


def _last(report: Report) -> str:
    """Return the last day, or moment, before the end."""
    assert report.until is not None  # noqa: S101, the caller looked
    here = datetime.fromisoformat(report.until).astimezone(zone.of(report.zone))
    whole = here.time() == here.time().min
    return _day(report, (here - timedelta(days=1)).isoformat() if whole else report.until)
