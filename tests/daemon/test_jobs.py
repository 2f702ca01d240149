"""Jobs through the whole daemon: done, known, failed, retried, shared."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from tests.daemon.conftest import states, wait_for
from voicectl.client import Door
from voicectl.events import EventKind
from voicectl.types import Ask, Source, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk


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
        door.cancel(job.id)
        *_, last = door.events(job.id)
        assert last.kind is EventKind.JOB_FINISHED
        ended = door.job(job.id).counts
        assert set(ended) <= {"cancelled", "failed"}, "some were looked at meanwhile"
        assert sum(ended.values()) == 10_000
