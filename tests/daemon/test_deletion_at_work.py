"""A call is deleted while somebody works on it, waits for it, or asks for it again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import states, wait_for
from voicectl.errors import NotFound
from voicectl.events import EventKind
from voicectl.results import FileWish, ResultWish
from voicectl.types import TaskState

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Site
    from tests.daemon.conftest import Desk


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
