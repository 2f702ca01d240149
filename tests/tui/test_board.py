"""What the monitor knows, without any terminal."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.tui import scenes
from voicectl.events import EventKind
from voicectl.live import CallState
from voicectl.tui.board import Asked, Board
from voicectl.tui.conversation.said import Said, of_turns

OBEYED = {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""What a terminal does not merely show."""


def test_a_real_call_as_it_went() -> None:
    board = Board()
    heard = []
    for event in scenes.real(scenes.NOW + timedelta(hours=1)):
        board.take([event])
        if event.kind is EventKind.TRANSCRIPT_TURN:
            heard.append(board.turns("5ktb4x13h5")[-1])
    (call,) = board.calls()
    assert (call.state, call.told, call.job) == (CallState.ENDED, True, "jcf1nc7wkg")
    assert any(not turn.final for turn in heard), "turns are shown while they are spoken"
    turns = board.turns(call.id)
    assert all(turn.final for turn in turns)
    assert [turn.id for turn in turns] == [f"0-{number}" for number in range(7)]


def test_a_turn_that_is_taken_back_is_gone() -> None:
    call = scenes.call()
    first, *rest = scenes.turns()
    board = Board()
    board.take([*scenes.events(call, [first, *rest]), *scenes.events(call)[1:]])
    assert first in board.turns(call.id)
    board.take(scenes.events(call, [replace(first, text="", final=False)])[1:])
    assert first.id not in {turn.id for turn in board.turns(call.id)}


def test_who_comes_back_is_told_all_and_keeps_nothing_else() -> None:
    call = scenes.call()
    board = Board()
    board.take(scenes.events(call, scenes.turns()))
    board.take(scenes.events(call, scenes.turns()[:2]))
    assert len(board.turns(call.id)) == 2


def test_calls_that_a_daemon_does_not_know_are_forgotten() -> None:
    """Another daemon has taken over; a call that came in meanwhile stays."""
    board = Board()
    board.take(scenes.events(scenes.call(1)))
    asked = time.monotonic()
    board.take(scenes.events(scenes.call(2)))
    board.confirm([], asked)
    assert [call.id for call in board.calls()] == [scenes.call(2).id]


def test_calls_of_which_no_news_came_are_there() -> None:
    board = Board()
    board.confirm([scenes.call(1)], time.monotonic())
    assert board.calls() == [scenes.call(1)]


def test_what_a_newer_daemon_says_of_a_call_does_no_harm() -> None:
    board = Board()
    call = scenes.call()
    (event,) = scenes.events(call)
    board.take([replace(event, detail={**(event.detail or {}), "mood": "calm"})])
    board.take([replace(event, kind=EventKind.CALL_PROGRESS, detail={"lag": 2.5, "mood": "sad"})])
    assert board.calls() == [replace(call, lag=2.5)]


def test_those_in_progress_come_first() -> None:
    board = Board()
    board.take(scenes.ten())
    states = [call.state.final for call in board.calls()]
    assert states == sorted(states)
    up = [call.started for call in board.calls() if not call.state.final]
    assert up == sorted(up), "the oldest first"


def test_an_answer_to_an_earlier_search_is_left_aside() -> None:
    board = Board()
    board.searched(Asked("knife"))
    board.searched(Asked("gun"))
    board.searched(Asked("knife", ()))
    assert board.search == Asked("gun")


def test_an_alert_rings_once_however_often_it_is_told() -> None:
    board = Board()
    board.take(scenes.analysed(scenes.call()))
    board.take(scenes.analysed(scenes.call()))
    assert board.bells == 1
    assert board.alerts(scenes.call().id) == (scenes.ALERT,)
    board.take(scenes.analysed(scenes.call(1)))
    assert board.bells == 2


def test_only_words_that_still_stand_there_are_marked() -> None:
    turns = scenes.turns()
    found = {each.id: each for each in of_turns(turns, "sw", scenes.analysis(turns))}
    name, place, knife = found["0-2"].marks
    assert [turns[2].text[start:end] for start, end, _ in (name, place, knife)] == [
        "Amina",
        "Kisumu",
        "knife",
    ]
    assert not found["1-3"].marks, "it was heard otherwise since"
    assert found["0-0"].translation


@given(st.text(), st.integers(-2, 40), st.integers(-2, 40))
def test_nothing_that_is_said_reaches_the_terminal_but_text(
    said: str, start: int, end: int
) -> None:
    whole = f"\x1b[2J{said}\x9b\u202e"
    for final in (True, False):
        turn = Said("0-0", 0.0, "", 0, whole, final, marks=((start, end, "bold"),))
        drawn = turn.drawn().plain
        assert not {ord(character) for character in drawn} & OBEYED
