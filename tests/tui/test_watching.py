"""The threads that keep the board, whether anybody draws it or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.tui import scenes
from tests.waiting import wait_until
from voicectl.errors import DaemonUnreachable, VoicectlError
from voicectl.events import Event
from voicectl.live import LineStatus
from voicectl.tui.board import Board
from voicectl.tui.recorded import Recorded
from voicectl.tui.top.notice import trouble
from voicectl.tui.watching import Watcher
from voicectl.types import Status


@contextmanager
def watched(source: Recorded) -> Iterator[Watcher]:
    watcher = Watcher(lambda: source, Board())
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()


def test_a_terminal_that_stands_still_keeps_nobody_waiting() -> None:
    """Nothing is ever drawn here, and all of it is known."""
    with watched(scenes.house(scenes.ten(), hits=scenes.hits())) as watcher:
        board = watcher.board
        wait_until(lambda: len(board.calls()) == 10 and board.house, "the news are heard")
        watcher.search("knife")
        wait_until(lambda: board.search.hits, "it is searched")


def test_news_that_broke_off_are_heard_again() -> None:
    class Broken(Recorded):
        times = 0

        def live_news(self) -> Iterator[tuple[Event, ...]]:
            self.times += 1
            if self.times < 3:
                raise DaemonUnreachable("the daemon went away while it was watched")
            yield from super().live_news()

    source = Broken(scenes.real(), scenes.STATUS)
    with watched(source) as watcher:
        wait_until(lambda: watcher.board.turns("5ktb4x13h5"), "the news are heard in the end")


class Strange(Recorded):
    """A daemon that says what this version does not understand."""

    def status(self) -> Status:
        raise msgspec.ValidationError("Object missing required field `memory`")


class Refusing(Recorded):
    """A daemon that answers, and cannot."""

    def lines(self) -> list[LineStatus]:
        raise VoicectlError("the ledger is locked")


@pytest.mark.parametrize(
    ("source", "says"),
    [(Strange((), scenes.STATUS), "another version"), (Refusing((), scenes.STATUS), "is locked")],
)
def test_what_is_wrong_is_told_and_asked_again(source: Recorded, says: str) -> None:
    with watched(source) as watcher:
        wait_until(lambda: says in trouble(watcher.board), "it is told")


def test_a_call_of_which_nothing_was_kept_is_given_up() -> None:
    failed = [task for task in scenes.TASKS if task.state.final]
    with watched(scenes.house((), job_list=[], task_list=failed)) as watcher:
        watcher.outcome("call", failed[0].job)
        wait_until(lambda: watcher.board.is_given_up("call"), "it is given up")


def test_a_call_that_is_still_worked_on_is_not_given_up() -> None:
    with watched(scenes.house((), hits=scenes.hits())) as watcher:
        watcher.outcome("call", scenes.TASKS[0].job)
        watcher.search("knife")
        wait_until(lambda: watcher.board.search.hits, "it was asked before")
        assert not watcher.board.is_given_up("call")
