"""Whatever is killed, whenever: everything is done at the end, and nothing twice."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from tests.daemon.conftest import states
from voicectl.client import Door
from voicectl.errors import DaemonUnreachable
from voicectl.events import EventKind
from voicectl.types import Job, Task, TaskState
from voicectl_daemon.work.held import STILLBIRTHS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk

KILLS = int(os.environ.get("VOICECTL_KILLS", "30"))
"""For more: python -m tests.soak kills --count 200"""
SEED = int(os.environ.get("VOICECTL_SEED") or time.time_ns() % 1_000_000)
RECORDINGS = 44


def follow(desk: Desk, job: Job, then: Callable[[str, EventKind], None]) -> list[Task]:
    """Watch a job to its end, and do something at each of its events."""
    with desk.watch(job.id) as events:
        for event in events:
            then(event.task or "", event.kind)
    return desk.door.tasks(job.id)


def shoot(site: Site, dice: random.Random, number: signal.Signals) -> str:
    """Kill something; say what."""
    victim = dice.choice(["worker"] * 3 + ["daemon"])
    with suppress(psutil.NoSuchProcess, ProcessLookupError, IndexError):
        if victim == "worker":
            dice.choice(site.workers()).send_signal(number)
        else:
            pid = site.pid
            if pid is None:
                return ""
            os.kill(pid, number)
            site.wait_until(lambda: site.is_gone(pid), "it is dead")
        return victim
    return ""


def is_finished(door: Door, job: str) -> bool:
    """Ask, and bring the daemon back when it is gone."""
    with suppress(DaemonUnreachable):
        return door.job(job).state == "finished"
    return False


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "count"), [(signal.SIGKILL, KILLS), (signal.SIGTERM, KILLS // 3)]
)
def test_a_batch_under_fire(
    site: Site,
    weights: Path,
    make_call: Callable[..., Path],
    at_desk: Callable[[Door], Desk],
    number: signal.Signals,
    count: int,
) -> None:
    print(f"VOICECTL_SEED={SEED}")
    dice = random.Random(SEED)
    paths = [make_call(str(number), 1.5 * number, 1.5) for number in range(RECORDINGS)]
    kills: list[str] = []
    site.configure("[workers]\ncount = 2")
    with Door.open() as door:
        desk = at_desk(door)
        # Shot more often than a worker takes to start and to do one, none comes to the end
        # of anything, and innocents are set aside as dead: that is no test of this machine.
        began = time.monotonic()
        desk.do(paths[0])
        # A few shots the innocents survive at the pace of this machine. Of many, four in a row hit
        # one of them unless a lost worker is back at work long before the next.
        pace = min(time.monotonic() - began, 10.0) if KILLS <= 30 else 20.0
        job = desk.ask(*paths, force=True)
        jobs = [job.id]
        while len(kills) < count or set(kills) != {"worker", "daemon"}:
            time.sleep(dice.uniform(0, pace))
            if is_finished(door, jobs[-1]):
                jobs.append(desk.ask(*paths, force=True).id)
            if shot := shoot(site, dice, number):
                kills.append(shot)
        site.wait_until(
            lambda: all(is_finished(door, found) for found in jobs), "all is done", 300.0
        )
        for found in jobs:
            assert states(door.tasks(found)) == ["done"] * RECORDINGS, kills
        found = door.sql("SELECT id, count(*) FROM calls GROUP BY id", 1000)
        assert [count for _, count in found.rows] == [1] * RECORDINGS
        assert door.status().calls == RECORDINGS
        doubled = "SELECT call, id FROM segments GROUP BY call, id HAVING count(*) > 1"
        assert door.sql(doubled).rows == ()
    site.end()
    with closing(sqlite3.connect(site.home.ledger)) as ledger:
        held = "SELECT count(*) FROM task WHERE owner IS NOT NULL OR lease_until IS NOT NULL"
        assert ledger.execute(held).fetchone() == (0,)


def test_a_recording_that_kills_its_worker(
    desk: Desk, site: Site, make_call: Callable[..., Path]
) -> None:
    """It is alone in its order, and its worker dies each time in the middle of it."""
    poison = make_call("poison", 0.0, 65.0)
    others = [make_call(str(number), number, 1.5) for number in range(5)]
    job = desk.ask(others[0], poison, *others[1:])
    doomed = desk.door.tasks(job.id)[1].id

    def kill(task: str, kind: EventKind) -> None:
        if (task, kind) == (doomed, EventKind.TASK_STARTED):
            # A fresh one loads its model when it is at work.
            site.wait_until(lambda: desk.door.status().workers[0].models, "its model is loaded")
            desk.worker.kill()

    tasks = follow(desk, job, kill)
    assert states(tasks) == ["done", "dead", "done", "done", "done", "done"]
    dead = tasks[1]
    assert dead.attempts >= 4, "three, and once more in a process of its own"
    assert dead.error is not None
    assert dead.error.code == "worker_died"
    assert "it took 4 workers down" in dead.error.text
    assert f"voicectl jobs retry {job.id}" in dead.error.hint
    desk.door.retry(job.id)
    assert states(desk.wait(job)) == ["done"] * 6


def test_a_recording_that_kills_its_neighbours(
    desk: Desk, site: Site, make_call: Callable[..., Path]
) -> None:
    """Short ones are worked on together; the one that kills must not condemn the others.

    It kills before there is a sign of work, which is held against it only after a while.
    """
    paths = [make_call(str(number), number * 3.0, 3.0) for number in range(6)]
    job = desk.ask(*paths)
    doomed = desk.door.tasks(job.id)[2].id

    def kill(task: str, kind: EventKind) -> None:
        if (task, kind) == (doomed, EventKind.TASK_STARTED):
            desk.worker.kill()

    tasks = follow(desk, job, kill)
    assert states(tasks) == ["done", "done", "dead", "done", "done", "done"]
    assert tasks[2].attempts == STILLBIRTHS + 4


def test_workers_that_are_lost_before_they_began(
    desk: Desk, site: Site, make_call: Callable[..., Path]
) -> None:
    """Where everything is shot at once, a recording cannot be the reason."""
    job = desk.ask(make_call("innocent", 0.0, 3.0))
    shots: list[str] = []

    def kill(task: str, kind: EventKind) -> None:
        if kind is EventKind.TASK_STARTED and len(shots) < 6:
            shots.append(task)
            desk.worker.kill()

    (task,) = follow(desk, job, kill)
    assert (task.state, task.attempts) == (TaskState.DONE, 7)


def test_a_machine_that_loses_workers_condemns_nobody(
    site: Site, weights: Path, make_call: Callable[..., Path], at_desk: Callable[[Door], Desk]
) -> None:
    """Two lose theirs by turns, each more often than one alone is forgiven."""
    site.configure("[workers]\nattempts = 2")
    shots: list[str] = []
    with Door.open() as door:
        desk = at_desk(door)
        job = desk.ask(make_call("one", 0.0, 65.0), make_call("two", 5.0, 65.0))

        def kill(task: str, kind: EventKind) -> None:
            if kind is EventKind.TASK_STARTED and len(shots) < 6:
                shots.append(task)
                site.wait_until(lambda: desk.door.status().workers[0].models, "it has a model")
                desk.worker.kill()

        tasks = follow(desk, job, kill)
    assert [shots.count(task.id) for task in tasks] == [3, 3]
    assert states(tasks) == ["done", "done"]


def test_a_recording_that_hangs(
    site: Site, weights: Path, make_call: Callable[..., Path], at_desk: Callable[[Door], Desk]
) -> None:
    site.configure("[workers]\nstall_seconds = 6")
    stuck = make_call("stuck", 0.0, 65.0)
    with Door.open() as door:
        desk = at_desk(door)
        job = desk.ask(make_call("one", 0.0, 2.0), stuck, make_call("two", 4.0, 2.0))
        frozen = door.tasks(job.id)[1].id

        def freeze(task: str, kind: EventKind) -> None:
            if (task, kind) == (frozen, EventKind.TASK_STARTED):
                desk.worker.suspend()

        tasks = follow(desk, job, freeze)
    assert states(tasks) == ["done", "failed", "done"]
    assert tasks[1].error is not None
    assert tasks[1].error.code == "too_slow"
    assert "no progress for 6 s" in tasks[1].error.text
    assert len(site.workers()) <= 1, "the frozen one is not left behind"


def test_a_daemon_that_is_stopped_in_the_middle(
    site: Site, weights: Path, make_call: Callable[..., Path], at_desk: Callable[[Door], Desk]
) -> None:
    with Door.open() as door:
        desk = at_desk(door)
        job = desk.ask(make_call("long", 0.0, 65.0), make_call("short", 0.0, 2.0))
        with desk.watch(job.id) as events:
            next(event for event in events if event.kind is EventKind.TASK_STARTED)
        pid = site.pid
        assert pid is not None
        os.kill(pid, signal.SIGTERM)
        site.wait_until(lambda: site.is_gone(pid), "it leaves", 30.0)
        assert site.workers() == [], "it takes its workers along"
        with closing(sqlite3.connect(site.home.ledger)) as ledger:
            rows = ledger.execute("SELECT state, owner, deaths FROM task ORDER BY seq").fetchall()
        assert rows == [("queued", None, 0)] * 2
        tasks = desk.wait(job)
    assert states(tasks) == ["done", "done"]


def test_workers_end_with_a_daemon_that_is_killed(desk: Desk, site: Site, calls: Path) -> None:
    job = desk.ask(*calls.iterdir())
    with desk.watch(job.id) as events:
        next(event for event in events if event.kind is EventKind.TASK_STARTED)
    workers = site.workers()
    assert workers
    site.kill()
    site.wait_until(lambda: all(site.is_gone(worker.pid) for worker in workers), "they end")
    assert states(desk.wait(job)) == ["done"] * 3


def test_a_watcher_hears_that_the_daemon_is_lost(desk: Desk, site: Site) -> None:
    with desk.watch() as events:
        site.kill()
        with pytest.raises(ConnectionClosed):
            next(events)


def test_a_process_that_looks_and_dies(
    site: Site, weights: Path, make_call: Callable[..., Path], at_desk: Callable[[Door], Desk]
) -> None:
    """The child that opens recordings may be lost as well."""
    with Door.open() as door:
        desk = at_desk(door)
        paths = [make_call(str(number), float(number), 1.0) for number in range(16)]
        job = desk.ask(*paths)
        shot = 0
        while shot < 3 and door.job(job.id).state == "planning":
            for worker in site.workers():
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
                    shot += 1
        desk.wait(job)
        tasks = door.tasks(job.id)
        assert {task.state for task in tasks} == {TaskState.DONE}
        assert shot
