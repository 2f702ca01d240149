"""Which connections are legs of one call, and how long a quiet one is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from voicectl_daemon.media import line
from voicectl_daemon.media.calls import Board, Call
from voicectl_daemon.media.said import LEGS, Sound, named

SHARED = "0b4f4e0e-6d4c-8a1f-9c3e-0123456789a"


@pytest.fixture
def told() -> list[line.Report]:
    return []


@pytest.fixture
def board(tmp_path: Path, told: list[line.Report]) -> Board:
    return Board(tmp_path / "recordings", told.append)


def connect(board: Board, channel: str) -> tuple[Call, int]:
    return board.connect("pbx", named(channel), "caller", "127.0.0.1")


def test_the_legs_of_a_dialplan_are_one_call(board: Board, told: list[line.Report]) -> None:
    (call, first), (same, second) = (connect(board, f"{SHARED}{leg}") for leg in (2, 1))
    assert same is call
    assert (first, second, call.legs) == (1, 0, LEGS)
    call.hear(1, Sound(8000, b"\x01\x00" * 160))
    board.leave(call, 0, "hangup")
    assert board.calls == (call,)
    board.leave(call, 1, "hangup")
    assert board.calls == ()
    asyncio.run(board.flush())
    assert [type(each).__name__ for each in told if not isinstance(each, line.Grown)] == [
        "Opened", "Recorded", "Closed",
    ]  # fmt: skip


def test_an_agent_who_is_followed_by_another_one(board: Board) -> None:
    call, _ = connect(board, f"{SHARED}1")
    for _ in range(2):
        same, leg = connect(board, f"{SHARED}2")
        assert (same, leg) == (call, 1)
        board.leave(call, leg, "hangup")


def test_a_uuid_that_is_said_twice_is_another_call(board: Board) -> None:
    call, _ = connect(board, f"{SHARED}1")
    other, leg = connect(board, f"{SHARED}1")
    assert other is not call
    assert (leg, other.legs) == (0, ("caller",))
    board.leave(other, 0, "hangup")
    assert connect(board, f"{SHARED}2")[0] is call


def test_a_call_that_is_over_is_not_gone_on_with(board: Board) -> None:
    call, leg = connect(board, f"{SHARED}1")
    board.leave(call, leg, "hangup")
    assert connect(board, f"{SHARED}1")[0].id != call.id


@pytest.mark.parametrize(
    "channel",
    [
        "515a4d4c-880a-43eb-98ab-aa927754c2f7",
        f"{SHARED}0",
        f"{SHARED}3",
        f"{SHARED}1\n",
        "1768629478.110",
    ],
)
def test_other_names_are_calls_of_one_leg(board: Board, channel: str) -> None:
    calls = [connect(board, channel) for _ in range(2)]
    assert calls[0][0] is not calls[1][0]
    assert [call.legs for call, _ in calls] == [("caller",)] * 2
