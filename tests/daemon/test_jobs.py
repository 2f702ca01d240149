"""Jobs through the whole daemon: done, known, failed, cancelled, retried, shared, deleted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from voicectl.client import Door
from voicectl.errors import NotFound
from voicectl.results import FileWish, ResultWish
from voicectl.types import Ask, Event, EventKind, Source, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk

BUSY = {TaskState.NEW, TaskState.QUEUED, TaskState.RUNNING}


def states(tasks: list[Task]) -> list[str]:
    return [str(task.state) for task in tasks]


def wait_for(desk: Desk, job: str, kind: EventKind) -> Event:
    """Wait for the first event of a kind."""
    with desk.watch(job) as events:
        return next(event for event in events if event.kind is kind)


def wait_for_progress(desk: Desk, job: str) -> None:
    """Wait until a worker is in the middle of its work."""
    with desk.watch(job) as events:
        for event in events:
            assert event.kind is not EventKind.JOB_FINISHED
            if event.kind is EventKind.TASK_PROGRESS and (event.detail or {})["seconds"] > 0:
                return


@pytest.fixture
def long(make_call: Callable[..., Path]) -> Path:
    """A recording that keeps a worker busy for longer than any test."""
    return make_call("long", 0.0, 70.0, 12)


def test_done_and_then_known(desk: Desk, calls: Path) -> None:
    first = desk.do(*sorted(calls.iterdir()))
    assert states(first) == ["done"] * 3
    assert [task.skipped for task in first] == [False] * 3
    again = desk.do(*sorted(calls.iterdir()))
    assert [task.skipped for task in again] == [True] * 3
    assert [task.key for task in again] == [task.key for task in first]
    forced = desk.do(calls / "one.wav", force=True)
    assert (forced[0].skipped, forced[0].attempts) == (False, 1)
    other = desk.do(calls / "one.wav", options={"transcribe": {"language": "en", "beam_size": 1}})
    assert not other[0].skipped
    assert other[0].call == first[0].call
    assert other[0].key != first[0].key
    lazier = {"transcribe": {"language": "en", "threads": 1}}
    assert desk.do(calls / "one.wav", options=lazier)[0].skipped, "threads change no result"


def test_one_bad_recording_never_stops_the_rest(desk: Desk, calls: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no recording at all")
    os.mkfifo(tmp_path / "fifo.wav")
    tasks = desk.do(
        tmp_path / "missing.wav",
        tmp_path / "empty.wav",
        tmp_path / "text.wav",
        tmp_path / "fifo.wav",
        tmp_path,
        calls / "two.wav",
    )
    assert states(tasks) == ["failed"] * 5 + ["done"]
    for task in tasks[:5]:
        assert task.error is not None
        assert task.name in task.error.text


def test_a_recording_that_changes_while_it_waits(
    desk: Desk, calls: Path, make_call: Callable[..., Path]
) -> None:
    first = make_call("first", 0.0, 30.0)
    job = desk.ask(first, calls / "one.wav", calls / "two.wav")
    wait_for(desk, job.id, EventKind.TASK_STARTED)
    with (calls / "one.wav").open("ab") as file:
        file.write(b"more")
    tasks = desk.wait(job)
    assert states(tasks) == ["done", "failed", "done"]
    assert tasks[1].error is not None
    assert "was changed" in tasks[1].error.text


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


def test_retry_does_what_failed_and_nothing_else(desk: Desk, calls: Path, tmp_path: Path) -> None:
    late = tmp_path / "late.wav"
    job = desk.ask(calls / "one.wav", late)
    assert states(desk.wait(job)) == ["done", "failed"]
    late.write_bytes((calls / "two.wav").read_bytes())
    desk.door.retry(job.id)
    tasks = desk.wait(job)
    assert states(tasks) == ["done", "done"]
    assert tasks[0].attempts == 1
    assert desk.door.retry(job.id).state == "finished", "there is nothing to retry"


def test_equal_recordings_are_recognised_once(desk: Desk, calls: Path, tmp_path: Path) -> None:
    twin = tmp_path / "another name.wav"
    twin.write_bytes((calls / "one.wav").read_bytes())
    first, second = desk.do(calls / "one.wav", twin)
    assert (first.skipped, second.skipped) == (False, True)
    assert first.call == second.call
    assert desk.door.status().calls == 1


def test_two_jobs_share_fairly(desk: Desk, make_call: Callable[..., Path]) -> None:
    """Recordings of more than a minute are worked on one at a time, and jobs take turns."""
    big = [make_call(f"big {number}", number / 2, 61.0) for number in range(6)]
    small = make_call("small", 8.0, 61.0)
    with desk.watch() as everything:
        first = desk.ask(*big)
        for event in everything:
            if event.kind is EventKind.TASK_STARTED:
                break
        second = desk.ask(small)
        done = Counter[str | None]()
        for event in everything:
            done[event.job] += event.kind is EventKind.TASK_DONE
            if (event.kind, event.job) == (EventKind.JOB_FINISHED, second.id):
                break
    assert done[first.id] < 6, "the small one did not wait for the big one"
    desk.door.cancel(first.id)


def test_short_recordings_are_worked_on_together(
    desk: Desk, make_call: Callable[..., Path]
) -> None:
    paths = [make_call(str(number), number, 1.5) for number in range(12)]
    paths.insert(5, paths[0].with_name("bad.wav"))
    paths[5].write_bytes(paths[0].read_bytes()[:200])
    with desk.watch() as everything:
        job = desk.ask(*paths)
        at_once = most = 0
        for event in everything:
            at_once += event.kind is EventKind.TASK_STARTED
            at_once -= event.kind in (EventKind.TASK_DONE, EventKind.TASK_FAILED)
            most = max(most, at_once)
            if event.kind is EventKind.JOB_FINISHED:
                break
    assert most > 6
    tasks = desk.door.tasks(job.id)
    for task, path in zip(tasks, paths, strict=True):
        assert task.state in (TaskState.DONE, TaskState.FAILED)
        if task.state is TaskState.DONE:
            assert desk.door.call(task.call or "", task.key).audio.path == str(path)


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


def test_delete_of_a_call_that_is_worked_on(desk: Desk, long: Path, calls: Path) -> None:
    (done,) = desk.do(calls / "one.wav")
    again = desk.ask(long, calls / "one.wav", force=True)
    wait_for(desk, again.id, EventKind.TASK_STARTED)
    running, waiting = desk.door.tasks(again.id)
    assert (running.state, waiting.state) == (TaskState.RUNNING, TaskState.QUEUED)
    assert done.call is not None
    desk.door.delete(done.call)
    assert [task.id for task in desk.door.tasks(again.id)] == [running.id]
    with pytest.raises(NotFound):
        desk.door.call(done.call)
    desk.door.cancel(again.id)
    assert states(desk.wait(again)) == ["cancelled"]


def test_delete_stops_the_work_on_a_call(desk: Desk, make_call: Callable[..., Path]) -> None:
    path = make_call("again", 0.0, 70.0)
    quick = {"transcribe": {"language": "en", "channels": "mix", "beam_size": 1}}
    (done,) = desk.do(path, options=quick)
    job = desk.ask(path)
    wait_for(desk, job.id, EventKind.TASK_STARTED)
    assert done.call is not None
    desk.door.delete(done.call)
    with pytest.raises(NotFound):
        desk.door.job(job.id)
    assert desk.door.calls() == []
    assert path.exists(), "the user's own recording stays"


def test_deleting_and_asking_again_at_once(desk: Desk, calls: Path) -> None:
    for _ in range(5):
        (task,) = desk.do(calls / "two.wav")
        assert task.call is not None
        job = desk.ask(calls / "two.wav")
        desk.door.delete(task.call)
        for left in desk.wait(job) if desk.has(job) else ():
            assert left.state is TaskState.CANCELLED or desk.door.call(left.call or "", left.key)


def test_nothing_of_a_deleted_call_stays(desk: Desk, calls: Path, site: Site) -> None:
    (task,) = desk.do(calls / "one.wav")
    assert task.call is not None
    record = desk.door.call(task.call)
    assert record.transcript is not None
    folder = site.folder / "out"
    folder.mkdir()
    wish = ResultWish(task.call, files=(FileWish((str(folder / "one.txt"),), ()),))
    ((path,),) = [given.files for given in desk.door.results([wish])]
    written = Path(path)
    written.write_text(record.transcript.text)
    deleted = desk.door.delete(task.call, with_recording=True)
    assert set(deleted.removed) == {str(written), str(calls / "one.wav")}
    assert not written.exists()
    assert not (calls / "one.wav").exists()
    traces = [segment.text.encode() for segment in record.transcript.segments]
    traces += [b"one.wav", record.audio.sha256.encode(), task.call.encode()]
    desk.door.stop()
    site.wait_until(lambda: site.pid is None, "it leaves")
    for path in site.home.folder.rglob("*"):
        if path.is_file():
            for trace in traces:
                assert trace not in path.read_bytes(), (path, trace)


def test_a_cancelled_job_stays_cancelled_when_the_daemon_is_lost(
    desk: Desk, long: Path, site: Site
) -> None:
    job = desk.ask(long)
    wait_for(desk, job.id, EventKind.TASK_PROGRESS)
    worker = site.workers()[0]
    worker.suspend()  # so that it cannot give up by itself
    desk.door.cancel(job.id)
    site.kill()
    worker.kill()
    tasks = desk.wait(job)
    assert states(tasks) == ["cancelled"]
    assert desk.door.job(job.id).state == "finished"


def test_weights_that_are_gone_when_the_job_is_planned(
    site: Site, weights: Path, calls: Path, at_desk: Callable[[Door], Desk], tmp_path: Path
) -> None:
    """The job was taken by a daemon that had them."""
    models = tmp_path / "models"
    models.symlink_to(weights)
    site.config.write_text(f'models = "{models}"')
    with Door.open() as door:
        desk = at_desk(door)
        job = desk.ask(*sorted(calls.iterdir()))
        site.kill()
        models.unlink()
        tasks = desk.wait(job)
        if not all(task.state is TaskState.DONE for task in tasks):
            assert {task.error.code for task in tasks if task.error} == {"model_missing"}
        models.symlink_to(weights)
        desk.door.retry(job.id)
        assert states(desk.wait(job)) == ["done"] * 3


def test_a_job_of_ten_thousand_is_taken_at_once(site: Site, weights: Path) -> None:
    with Door.open() as door:
        job = door.submit(Ask(tuple(Source(f"/n/{n}.wav", str(n)) for n in range(10_000))))
        assert door.job(job.id).tasks == 10_000
        done = door.cancel(job.id)
        assert (done.state, done.counts) == ("finished", {"cancelled": 10_000}) or done.counts.get(
            "failed"
        )
