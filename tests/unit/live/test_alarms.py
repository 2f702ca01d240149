"""When somebody is told to look at a call."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from voicectl.lines import Alerts
from voicectl.live import AlertKind, CallState, LiveCall, LiveRisk, LiveTurn, LiveView
from voicectl_daemon.analysis.alarms import Given

LIMITS = Alerts(silence_seconds=60, no_agent_seconds=30, lag_seconds=10)


def view(seconds: float, *turns: tuple[int, float], lag: float = 0.0) -> LiveView:
    """Return a call of two legs in which turns end on a leg at a second."""
    call = LiveCall(
        id="c",
        tenant="default",
        line="pbx",
        state=CallState.CONVERSING,
        started=datetime.now(UTC),
        channel="",
        legs=("caller", "agent"),
        seconds=seconds,
        lag=lag,
    )
    said = (
        LiveTurn(f"{leg}-{number}", leg, end - 1, end, "yes", final=True)
        for number, (leg, end) in enumerate(turns)
    )
    return LiveView(call, tuple(said))


def kinds(given: Given, *views: LiveView) -> list[AlertKind]:
    """Return which alerts are given as a call goes on."""
    return [alert.kind for each in views for alert in given.standing(each)]


def test_each_silence_is_told_of_once() -> None:
    both = ((0, 5.0), (1, 9.0))
    given = Given(LIMITS)
    assert kinds(given, view(68, *both)) == []
    assert kinds(given, view(69, *both), view(90, *both)) == [AlertKind.SILENCE]
    more = (*both, (0, 95.0))
    assert kinds(given, view(100, *more), view(155, *more)) == [AlertKind.SILENCE]


def test_what_was_not_listened_to_yet_is_no_silence() -> None:
    both = ((0, 5.0), (1, 9.0))
    assert kinds(Given(Alerts(lag_seconds=0)), view(100, *both, lag=40.0)) == []


@pytest.mark.parametrize(
    ("legs", "expected"),
    [(("caller", "agent"), [AlertKind.NO_AGENT]), (("caller",), []), (("agent",), [])],
)
def test_an_agent_who_says_nothing(legs: tuple[str, ...], expected: list[AlertKind]) -> None:
    given = Given(LIMITS)
    found = view(31, (0, 25.0))
    found = replace(found, call=replace(found.call, legs=legs))
    if legs == ("agent",):
        found = replace(found, turns=())
    assert kinds(given, found, found) == expected


def test_an_agent_who_has_spoken_may_be_silent() -> None:
    assert kinds(Given(LIMITS), view(29), view(31, (1, 2.0)), view(50, (0, 45.0), (1, 2.0))) == []


def test_lag_is_told_of_again_only_after_it_was_gone() -> None:
    stands = [view(50, (1, 45.0), lag=lag) for lag in (9.0, 10.0, 12.0, 6.0, 11.0, 4.0, 11.0)]
    assert kinds(Given(LIMITS), *stands) == [AlertKind.LAG, AlertKind.LAG]


def test_nothing_is_told_of_where_the_limits_are_nought() -> None:
    off = Alerts(urgent=False, silence_seconds=0, no_agent_seconds=0, lag_seconds=0)
    given = Given(off)
    assert kinds(given, view(1000, lag=100.0)) == []
    assert given.urgent([LiveRisk("weapon", "knife", "0-1", 0, 5)], 10.0) == []


def test_urgent_words_are_told_of_once_for_each_turn_and_list() -> None:
    given = Given(LIMITS)
    knife, gun, later, pills = (
        LiveRisk("weapon", "knife", "0-1", 0, 5),
        LiveRisk("weapon", "gun", "0-1", 9, 12),
        LiveRisk("weapon", "knife", "0-2", 0, 5),
        LiveRisk("suicide", "pills", "0-1", 15, 20),
    )
    assert [each.said for each in given.urgent([knife, gun, pills], 5.0)] == ["knife", "pills"]
    (alert,) = given.urgent([knife, gun, later, pills], 9.0)
    assert (alert.turn, alert.said) == ("0-2", "knife")
    assert "knife" not in alert.text, "a sentence without words of the call"
