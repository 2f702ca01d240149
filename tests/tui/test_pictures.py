"""What every view looks like, in every state and size. New pictures: pytest --snapshot-update."""

from __future__ import annotations

import wave
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tui import scenes
from tests.tui.conftest import Watching, ready
from voicectl.errors import DaemonUnreachable
from voicectl.live import CallState
from voicectl.marks import Mark, MarkKind
from voicectl.tui.app import Monitor
from voicectl.tui.recorded import Recorded
from voicectl.types import TaskState

SMALL, LARGE = (80, 24), (120, 40)
GONE = DaemonUnreachable("no daemon answers for the data folder /var/lib/voicectl")

Compare = Callable[..., bool]


def nobody() -> Recorded:
    return scenes.house(())


def no_line() -> Recorded:
    return scenes.house((), line_states=[])


def a_real_call() -> Recorded:
    return scenes.house(scenes.real())


def ten_calls() -> Recorded:
    return scenes.house(scenes.ten())


def away() -> Recorded:
    return scenes.house((), lost=GONE)


def suspect() -> Recorded:
    said = scenes.turns()
    said[3] = replace(said[3], suspect="loop", text="thank you " * 9)
    said[4] = replace(said[4], language="en")
    return scenes.house(scenes.events(scenes.call(), said))


def hostile() -> Recorded:
    call = scenes.call(
        line="pbx", channel=scenes.TRICKS, legs=(scenes.TRICKS, "agent"), warnings=(scenes.TRICKS,)
    )
    said = [replace(turn, speaker=scenes.TRICKS[:12]) for turn in scenes.turns(scenes.TRICKS)]
    said[0] = replace(said[0], text=scenes.TRICKS)
    return scenes.house(scenes.events(call, said))


def understood() -> Recorded:
    over = scenes.call(
        state=CallState.ENDED, reason="hangup", ended=scenes.NOW, told=True, job="done1"
    )
    task = replace(scenes.TASKS[0], id="t9", job="done1", state=TaskState.DONE, call="c2mt2pr3z59s")
    return scenes.house(
        scenes.events(over, scenes.turns()),
        task_list=[task],
        records={"c2mt2pr3z59s": scenes.record("c2mt2pr3z59s")},
    )


def read_so_far() -> Recorded:
    return scenes.house([*scenes.analysed(scenes.call()), *scenes.events(scenes.call(1))])


def playing(app: Monitor) -> object:
    return app.board.playing


def marked() -> Recorded:
    over = scenes.call(1, state=CallState.ENDED, reason="hangup", ended=scenes.NOW, told=True)
    return scenes.house(
        [
            *scenes.analysed(scenes.call()),
            scenes.marked(scenes.call(), scenes.TRICKS),
            *scenes.events(replace(over, marked=(MarkKind.NOTE,))),
        ]
    )


def known(app: Monitor) -> object:
    return app.board.record(scenes.call().id)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "scene",
    [
        nobody,
        no_line,
        a_real_call,
        ten_calls,
        away,
        suspect,
        hostile,
        read_so_far,
        understood,
        marked,
    ],
)
def test_calls(snap_compare: Compare, scene: Callable[[], Recorded], size: tuple[int, int]) -> None:
    also: Any = known if scene is understood else bool
    assert snap_compare(Watching(scene()), terminal_size=size, run_before=ready(also=also))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("keys", "scene"),
    [("2", ten_calls), ("3", ten_calls), ("3", away), ("?", nobody)],
    ids=["jobs", "health", "health-away", "help"],
)
def test_views(
    snap_compare: Compare, keys: str, scene: Callable[[], Recorded], size: tuple[int, int]
) -> None:
    also: Any = (lambda app: app.board.tasks("c5j5xahmz5")) if keys == "2" else bool
    source = scene()
    if keys == "3" and source.lost is None:
        source.line_states = scenes.LINES
    pressed = "question_mark" if keys == "?" else keys
    assert snap_compare(Watching(source), terminal_size=size, run_before=ready(pressed, also=also))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_search(snap_compare: Compare, size: tuple[int, int]) -> None:
    flag = Mark("m1", "c2mt2pr3z59s", scenes.NOW, "anna", MarkKind.FLAG, "look again")
    source = scenes.house(
        (),
        hits=scenes.hits(),
        records={"c2mt2pr3z59s": scenes.record("c2mt2pr3z59s")},
        given=[flag],
    )
    pressed = ready("slash", *"knife", "enter", also=lambda app: app.board.record("c2mt2pr3z59s"))
    assert snap_compare(Watching(source), terminal_size=size, run_before=pressed)


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("scene", [read_so_far, understood])
def test_unmasked(
    snap_compare: Compare, scene: Callable[[], Recorded], size: tuple[int, int]
) -> None:
    also: Any = known if scene is understood else bool

    def shown(app: Monitor) -> bool:
        return app.board.is_shown(scenes.call().id) and bool(also(app))

    assert snap_compare(Watching(scene()), terminal_size=size, run_before=ready("m", also=shown))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
def test_a_call_that_is_played(
    snap_compare: Compare, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICECTL_SOUND", f"file:{tmp_path / 'heard.wav'}")
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    call = scenes.call(recording=str(tmp_path / "call.wav"))
    source = scenes.house(scenes.events(call, scenes.turns()))
    assert snap_compare(Watching(source), terminal_size=size, run_before=ready("l", also=playing))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
@pytest.mark.parametrize("key", ["n", "e"], ids=["note", "escalate"])
def test_what_is_asked_about_a_call(snap_compare: Compare, key: str, size: tuple[int, int]) -> None:
    assert snap_compare(Watching(read_so_far()), terminal_size=size, run_before=ready(key))


def test_rating(snap_compare: Compare) -> None:
    pressed = ready("r", *"4 calm", also=known, first=True)
    assert snap_compare(Watching(understood()), run_before=pressed)


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(40, 10), (20, 5), (1, 1), (300, 80)], ids=str)
async def test_every_size_is_borne(size: tuple[int, int]) -> None:
    app = Watching(ten_calls())
    async with app.run_test(size=size) as pilot:
        await ready("2", "3", "4", "escape", "question_mark", "escape")(pilot)
        assert app.is_running
