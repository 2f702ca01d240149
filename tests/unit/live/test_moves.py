"""What is told of channels, and where calls stand by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from voicectl import parse
from voicectl.live import CallState, LiveCall, LiveTurn
from voicectl_daemon.bus import Bus
from voicectl_daemon.live.calls import MOVES_KEPT, LiveCalls
from voicectl_daemon.live.signalling import Event, Move, moves

CALL = LiveCall("c1", "default", "pbx", CallState.CONNECTED, datetime.now(UTC), "leg-1")


@pytest.fixture
def calls() -> LiveCalls:
    return LiveCalls(Bus())


def state(calls: LiveCalls, *several: Move) -> CallState:
    for move in several:
        calls.move({"leg-1", "leg-2"}, move)
    return calls.find("default", "c1").call.state


def test_it_rang_before_its_sound_came(calls: LiveCalls) -> None:
    calls.move({"leg-1", "leg-2"}, Move.RINGS)
    calls.begin(CALL)
    assert state(calls) is CallState.RINGING
    assert state(calls, Move.UNANSWERED) is CallState.CONNECTED


def test_only_so_many_of_those_who_are_never_heard_are_remembered(calls: LiveCalls) -> None:
    calls.move({"leg-1"}, Move.RINGS)
    for number in range(MOVES_KEPT):
        calls.move({f"other-{number}"}, Move.RINGS)
    calls.begin(CALL)
    assert state(calls) is CallState.CONNECTED


def test_what_was_said_before_makes_it_a_conversation(calls: LiveCalls) -> None:
    calls.begin(CALL)
    assert state(calls, Move.RINGS) is CallState.RINGING
    calls.said("c1", LiveTurn("0-0", 0, 0.0, 1.0, "Hello?", True))
    assert state(calls) is CallState.RINGING, "she speaks while it rings"
    assert state(calls, Move.ANSWERED) is CallState.CONVERSING


@pytest.mark.parametrize(
    ("several", "stands"),
    [
        ((Move.HELD, Move.RESUMED), CallState.CONNECTED),
        ((Move.HELD, Move.ANSWERED), CallState.ON_HOLD),
        ((Move.RESUMED,), CallState.CONNECTED),
        ((Move.TRANSFERRED, Move.RINGS), CallState.TRANSFERRING),
        ((Move.TRANSFERRED, Move.UNANSWERED), CallState.CONNECTED),
        ((Move.HELD, Move.TRANSFERRED, Move.ANSWERED), CallState.CONNECTED),
    ],
)
def test_one_after_the_other(
    calls: LiveCalls, several: tuple[Move, ...], stands: CallState
) -> None:
    calls.begin(CALL)
    assert state(calls, *several) is stands


def test_nothing_moves_a_call_that_is_over(calls: LiveCalls) -> None:
    calls.begin(CALL)
    calls.end("c1", "hangup")
    calls.begin(replace(CALL, id="c2", channel="other"))
    assert state(calls, Move.HELD) is CallState.ENDED


def test_a_transfer_that_was_announced_comes_with_its_answer() -> None:
    raw = b"""{"type": "BridgeAttendedTransfer", "transferee": {"id": "1.1", "name": "PJSIP/a"},
        "transferer_first_leg": {"id": "1.2"}, "result": "Success"}"""
    told = [(channel.id, move) for channel, move in moves(parse.json(raw, Event))]
    assert told == [("1.1", Move.TRANSFERRED), ("1.1", Move.ANSWERED)]


@pytest.mark.parametrize("kind", ["ChannelVarset", "StasisStart", "Dial", "BridgeBlindTransfer"])
def test_what_says_nothing_of_a_call(kind: str) -> None:
    assert list(moves(Event(kind))) == []
