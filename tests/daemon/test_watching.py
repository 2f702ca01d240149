"""Whoever watches a job is told all of it, in order, whenever they come and go."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import states, wait_for
from voicectl.client import Door
from voicectl.events import EventKind
from voicectl.types import TaskState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.daemon.conftest import Desk


def test_every_start_has_an_end_and_order_is_kept(desk: Desk, calls: Path, tmp_path: Path) -> None:
    with desk.watch() as everything:
        job = desk.ask(*sorted(calls.iterdir()), tmp_path / "missing.wav")
        told = []
        for event in everything:
            told.append(event)
            if event.kind is EventKind.JOB_FINISHED:
                break
    kinds = [event.kind for event in told]
    assert kinds[0] is EventKind.JOB_CREATED
    assert kinds.count(EventKind.JOB_PLANNED) == 1
    assert kinds.count(EventKind.JOB_FINISHED) == 1
    planned = told[kinds.index(EventKind.JOB_PLANNED)].detail
    assert planned is not None
    assert (planned["todo"], planned["skipped"], planned["failed"]) == (3, 0, 1)
    for task in desk.door.tasks(job.id):
        mine = [event.kind for event in told if event.task == task.id]
        if task.state is TaskState.DONE:
            assert mine[:2] == [EventKind.TASK_LOOKED_AT, EventKind.TASK_STARTED]
            assert mine[-1] is EventKind.TASK_DONE
            assert mine.count(EventKind.TASK_DONE) == 1
            seconds = [
                event.detail["seconds"]
                for event in told
                if event.task == task.id and event.kind is EventKind.TASK_PROGRESS and event.detail
            ]
            assert seconds == sorted(seconds)
            assert seconds[-1] == pytest.approx(task.seconds, abs=0.1)
        else:
            assert mine == [EventKind.TASK_FAILED]


def test_whoever_comes_late_is_told_where_things_stand(
    desk: Desk, calls: Path, long: Path, tmp_path: Path
) -> None:
    job = desk.ask(calls / "one.wav", tmp_path / "missing.wav", long)
    wait_for(desk, job.id, EventKind.TASK_DONE)
    with desk.watch(job.id) as events:
        told = [next(events) for _ in range(5)]
    assert told[0].kind is EventKind.JOB_CREATED
    assert {event.kind for event in told[1:4]} >= {EventKind.TASK_DONE, EventKind.TASK_FAILED}
    assert told[4].kind is EventKind.JOB_PLANNED
    desk.door.cancel(job.id)
    desk.wait(job)
    again = list(desk.door.events(job.id))
    assert [event.kind for event in again][-1] is EventKind.JOB_FINISHED
    assert {event.kind for event in again} >= {EventKind.TASK_CANCELLED, EventKind.TASK_DONE}


def test_many_watchers_all_see_the_end(desk: Desk, make_call: Callable[..., Path]) -> None:
    job = desk.ask(*(make_call(str(number), number, 1.5) for number in range(6)))
    ends: list[EventKind] = []

    def watch() -> None:
        with Door(desk.door.home) as door:
            ends.append(list(door.events(job.id))[-1].kind)

    watchers = [threading.Thread(target=watch) for _ in range(8)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join(120)
    assert ends == [EventKind.JOB_FINISHED] * 8


def test_a_client_that_vanishes_leaves_its_job_running(
    desk: Desk, make_call: Callable[..., Path]
) -> None:
    path = make_call("one", 0.0, 30.0)
    code = (
        "import sys; from voicectl.client import Door; from voicectl.types import *\n"
        "door = Door.open()\n"
        "job = door.submit(Ask((Source(sys.argv[1], 'one'),), "
        "options={'transcribe': {'language': 'en'}}))\n"
        "print(job.id, flush=True)\n"
        "for event in door.events(job.id): pass"
    )
    client = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
    assert client.stdout is not None
    job = client.stdout.readline().strip()
    wait_for(desk, job, EventKind.TASK_STARTED)
    client.send_signal(signal.SIGKILL)
    client.communicate()
    assert states(desk.wait(desk.door.job(job))) == ["done"]
