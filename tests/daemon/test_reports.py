"""Figures over many calls are those of the calls, and small ones can be kept back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.daemon.conftest import TENANT, WHEN, record
from voicectl.errors import UsageError
from voicectl.reporting import BY, Column, Figures, ReportWish, hidden
from voicectl.types import Done
from voicectl.understanding import Label, Risk, Score, Verdict
from voicectl_daemon import reports

if TYPE_CHECKING:
    from voicectl_daemon.ledger import Ledger
    from voicectl_daemon.store import Store

SORTED = (Done("classify", "minilm", "minilm", WHEN, 0.1, "hash"),)


def call(number: int, day: datetime, **more: Any) -> Any:
    made = record(f"call{number}", created=day, **more)
    return replace(made, audio=replace(made.audio, seconds=60.0 * (number + 1)))


@pytest.fixture
def filled(store: Store) -> Store:
    """Five calls: two on a day, none on the next, three on the day after."""
    first = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    nothing: dict[str, Any] = {"labels": (), "risks": (), "scores": ()}
    store.save(call(0, first, done=SORTED), "key0")
    store.save(call(1, first, **nothing | {"done": SORTED}), "key1")
    later = first + timedelta(days=2)
    scores = (
        Score("a form", "opening", Verdict.YES, (0,)),
        Score("a form", "empathy", Verdict.PARTLY, (0,)),
        Score("a form", "closing", Verdict.NO, ()),
        Score("a form", "hold", Verdict.NOT_ASSESSED, ()),
    )
    both = (Label("a scheme", "custody", 0.9, (0,)), Label("a scheme", "health", 0.6, (1,)))
    store.save(call(2, later, **nothing | {"scores": scores}), "key2")
    store.save(call(3, later, **nothing | {"labels": both, "done": SORTED}), "key3")
    store.save_all({"key4": call(4, later, **nothing)}, unfinished={"key4": "job"})
    return store


def figures(store: Store, ledger: Ledger, name: str, **wish: Any) -> list[tuple[Any, ...]]:
    found = reports.made(store, ledger, TENANT, ReportWish(**{"zone": "UTC"} | wish))
    return list(found.table(name).rows)


def columns(found: Figures) -> list[str]:
    return [column.name for column in found.columns]


def test_all_calls_in_one_line(filled: Store, ledger: Ledger) -> None:
    found = reports.made(filled, ledger, TENANT, ReportWish(zone="UTC")).table("all")
    assert dict(zip(columns(found), found.rows[0], strict=True)) == {
        "": "all calls",
        "calls": 5,
        "audio": 900.0,
        "usual length": 180.0,
        "urgent": 1,
        "sorted": 3,
        "no category": 1,
        "not understood": 0,
        "scored": 1,
        "quality": 0.5,
        "partial": 1,
        "suspect": 0.5,
    }


def test_days_begin_where_the_site_is(filled: Store, ledger: Ledger) -> None:
    days = [row[:2] for row in figures(filled, ledger, "groups")]
    assert days == [("2026-11-20", 2), ("2026-11-21", 0), ("2026-11-22", 3)]
    days = [row[:2] for row in figures(filled, ledger, "groups", zone="Africa/Nairobi")]
    assert days == [("2026-11-21", 2), ("2026-11-22", 0), ("2026-11-23", 3)]


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("week", [("2026-11-16", 5)]),
        ("month", [("2026-11", 5)]),
        ("weekday", [("Friday", 2), ("Sunday", 3)]),
        ("hour", [("22:00", 5)]),
        ("category", [(None, 3), ("custody", 2), ("health", 1), ("other", 1)]),
        ("urgent", [(None, 4), ("weapon", 1)]),
        ("language", [("en", 5)]),
        ("agent", [(None, 5)]),
        ("speaker", [("SPEAKER_00", 5), ("SPEAKER_01", 5)]),
        ("direction", [(None, 5)]),
        ("model", [("tiny.en", 5)]),
    ],
)
def test_calls_by_group(filled: Store, ledger: Ledger, by: str, groups: list[Any]) -> None:
    assert [row[:2] for row in figures(filled, ledger, "groups", by=by)] == groups


@pytest.mark.parametrize("by", BY)
def test_a_store_without_calls(store: Store, ledger: Ledger, by: Any) -> None:
    assert figures(store, ledger, "groups", by=by) == []
    assert figures(store, ledger, "all", by=by)[0][:2] == ("all calls", 0)


def test_only_what_is_in_the_time(filled: Store, ledger: Ledger) -> None:
    since = figures(filled, ledger, "all", since="2026-11-21")
    until = figures(filled, ledger, "all", until="2026-11-21T01:00+03:00")
    assert (since[0][1], until[0][1]) == (3, 0)
    with pytest.raises(UsageError, match="no point in time"):
        figures(filled, ledger, "all", since="yesterday")
    with pytest.raises(UsageError, match="no time zone 'Mars'"):
        figures(filled, ledger, "all", zone="Mars")


def test_what_was_not_understood_is_not_a_call_without_a_category(
    filled: Store, ledger: Ledger
) -> None:
    heard = ("Muhtasari.", "Habari.", "All right.")

    def foreign(number: int, unread: tuple[int, ...]) -> Any:
        done = (replace(SORTED[0], unread=unread),)
        made = record(f"call{number}", *heard, labels=(), risks=(), done=done, created=WHEN)
        assert made.transcript is not None
        heeded = tuple(replace(each, suspect=None) for each in made.transcript.segments)
        return replace(made, transcript=replace(made.transcript, segments=heeded))

    filled.save(foreign(5, (0, 1)), "key5")
    filled.save(foreign(6, (0,)), "key6")  # most of it was understood
    found = reports.made(filled, ledger, TENANT, ReportWish(zone="UTC")).table("all")
    counts = dict(zip(columns(found), found.rows[0], strict=True))
    assert (counts["sorted"], counts["no category"], counts["not understood"]) == (5, 2, 1)
    groups = dict(row[:2] for row in figures(filled, ledger, "groups", by="category"))
    assert (groups[None], groups["not understood"]) == (4, 1)


def test_another_tenant_is_not_counted(filled: Store, ledger: Ledger) -> None:
    filled.save(replace(call(9, WHEN), tenant="other"), "key9")
    assert figures(filled, ledger, "all")[0][1] == 5


def test_only_the_result_that_was_asked_for_last_counts(filled: Store, ledger: Ledger) -> None:
    filled.save(call(0, WHEN, labels=(), risks=(Risk("fire", "fire", 0, 0, 4, "en"),)), "another")
    assert figures(filled, ledger, "risks") == [("fire", 1, 0.2, 1)]
    assert figures(filled, ledger, "categories") == [
        ("custody", 1, 0.2, 0.9),
        ("health", 1, 0.2, 0.6),
    ]


def test_criteria_in_the_order_of_their_form(filled: Store, ledger: Ledger) -> None:
    assert figures(filled, ledger, "quality") == [
        ("opening", 1, 1, 0, 0, 1.0),
        ("empathy", 1, 0, 1, 0, 0.5),
        ("closing", 1, 0, 0, 1, 0.0),
    ]


COUNTS = (
    Column("day", "name"),
    Column("calls"),
    Column("urgent"),
    Column("risk", "share", "urgent"),
)


def test_small_counts_are_hidden_and_what_gives_them_away() -> None:
    rows = (("a", 2, 1, 0.5), ("b", 9, 7, 0.5), ("c", 30, 20, 0.1), ("d", 0, 0, None))
    table = Figures("groups", "", "", COUNTS, rows, whole=True)
    assert hidden(table, 1) == table
    assert hidden(table, 5).rows == (
        ("a", "<5", "hidden", "hidden"),
        ("b", "hidden", "hidden", "hidden"),
        ("c", 30, 20, 0.1),
        ("d", 0, 0, None),
    )


def test_a_small_count_hides_only_what_is_made_of_it() -> None:
    rows = (("a", 20, 1, 0.5), ("b", 30, 2, 0.5), ("c", 40, 9, 0.5))
    table = Figures("groups", "", "", COUNTS, rows)
    assert hidden(table, 5).rows == (
        ("a", 20, "<5", "hidden"),
        ("b", 30, "<5", "hidden"),
        ("c", 40, 9, 0.5),
    )
