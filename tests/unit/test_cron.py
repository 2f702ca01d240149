"""When the next time comes, also in nights in which clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voicectl.cron import Times


def following(expression: str, zone: str, start: str, number: int = 3) -> list[str]:
    times, moment, found = Times(expression, zone), datetime.fromisoformat(start), []
    for _ in range(number):
        moment = times.after(moment)
        found.append(moment.strftime("%m-%d %H:%M %z"))
    return found


def test_every_night() -> None:
    assert following("0 2 * * *", "Africa/Nairobi", "2026-03-28T23:00:00+00:00") == [
        "03-30 02:00 +0300",
        "03-31 02:00 +0300",
        "04-01 02:00 +0300",
    ]


def test_a_time_that_a_night_skips_comes_once_after_the_gap() -> None:
    assert following("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00+00:00") == [
        "03-29 03:00 +0200",
        "03-30 02:30 +0200",
        "03-31 02:30 +0200",
    ]


@pytest.mark.parametrize("start", ["2026-10-24T12:00:00+00:00", "2026-10-25T00:30:00+00:00"])
def test_a_time_that_a_night_has_twice_comes_once(start: str) -> None:
    found = following("30 2 * * *", "Europe/Berlin", start, 2)
    expected = ["10-25 02:30 +0200", "10-26 02:30 +0100", "10-27 02:30 +0100"]
    assert found == (expected[:2] if "24T" in start else expected[1:])


def test_in_the_hour_that_comes_again_it_has_been() -> None:
    at_0215_again = "2026-10-25T01:15:00+00:00"
    assert following("30 2 * * *", "Europe/Berlin", at_0215_again, 1) == ["10-26 02:30 +0100"]


def test_what_comes_every_half_hour_goes_on() -> None:
    assert following("*/30 * * * *", "Europe/Berlin", "2026-10-24T23:45:00+00:00", 4) == [
        "10-25 02:00 +0200",
        "10-25 02:30 +0200",
        "10-25 02:00 +0100",
        "10-25 02:30 +0100",
    ]


@pytest.mark.parametrize(
    ("words", "next_one"),
    [
        ("@daily", "11-22 00:00"),
        ("0 2 * * mon-fri", "11-23 02:00"),
        (" 0  2 29 feb * ", "02-29 02:00"),
        ("0 2 * * 7", "11-22 02:00"),
        ("0 2 L * *", "11-30 02:00"),
    ],
)
def test_words_of_cron(words: str, next_one: str) -> None:
    assert (
        Times(words, "UTC").after(datetime(2026, 11, 21, 12, tzinfo=UTC)).strftime("%m-%d %H:%M")
        == next_one
    )


def test_the_zone_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    found = Times("0 2 * * *").after(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert found.isoformat() == "2026-03-29T03:00:00+02:00"
    monkeypatch.setenv("TZ", "nowhere at all")
    assert Times("0 2 * * *").zone is UTC
    monkeypatch.delenv("TZ")
    assert Times("0 2 * * *").after(datetime(2026, 3, 28, 12, tzinfo=UTC)) is not None
