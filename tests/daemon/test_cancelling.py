"""A job is cancelled: at once, for good, and it can be retried."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.daemon.conftest import states, wait_for, wait_for_progress
from voicectl.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk


def test_fail_fast(desk: Desk, calls: Path, long: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_text("no recording at all")
    tasks = desk.do(calls / "one.wav", tmp_path / "bad.wav", long, fail_fast=True)
    assert states(tasks) == ["cancelled", "failed", "cancelled"]


def test_cancel_frees_the_worker(desk: Desk, long: Path, calls: Path) -> None:
    job = desk.ask(long, calls / "one.wav")
    wait_for(desk, job.id, EventKind.TASK_STARTED)
    desk.door.cancel(job.id)
    assert states(desk.wait(job)) == ["cancelled", "cancelled"]
    assert states(desk.do(calls / "two.wav")) == ["done"]


def test_a_cancelled_task_can_be_retried(desk: Desk, long: Path) -> None:
    job = desk.ask(long)
    for _ in range(2):
        wait_for_progress(desk, job.id)
        desk.door.cancel(job.id)
        assert states(desk.wait(job)) == ["cancelled"]
        desk.door.retry(job.id)
    desk.door.cancel(job.id)


def test_cancel_while_it_is_planned(desk: Desk, make_call: Callable[..., Path]) -> None:
    paths = [make_call(str(number), number / 10, 1.0) for number in range(200)]
    with desk.watch() as everything:
        job = desk.ask(*paths)
        desk.door.cancel(job.id)
        told = []
        for event in everything:
            told.append(event)
            if event.kind is EventKind.JOB_FINISHED:
                break
        assert set(states(desk.door.tasks(job.id))) == {"cancelled"}
        other = desk.ask(paths[0])
        for event in everything:
            told.append(event)
            if (event.kind, event.job) == (EventKind.JOB_FINISHED, other.id):
                break
    kinds = Counter(event.kind for event in told if event.job == job.id)
    assert kinds[EventKind.JOB_FINISHED] == 1
    assert kinds[EventKind.TASK_CANCELLED] == 200
    assert kinds[EventKind.JOB_PLANNED] == 0
    ends = [event.kind for event in told if event.job == job.id]
    assert ends[-1] is EventKind.JOB_FINISHED, "nothing is told of it after its end"


def test_a_cancelled_job_stays_cancelled_when_the_daemon_is_lost(
    desk: Desk, long: Path, site: Site
) -> None:
    job = desk.ask(long)
    wait_for(desk, job.id, EventKind.TASK_PROGRESS)
    worker = desk.worker
    worker.suspend()  # so that it cannot give up by itself
    desk.door.cancel(job.id)
    site.kill()
    worker.kill()
    tasks = desk.wait(job)
    assert states(tasks) == ["cancelled"]
    assert desk.door.job(job.id).state == "finished"
