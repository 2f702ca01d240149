"""Work that is broken off goes on from the last piece, and nothing stays of it that should not."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import Raw

from tests.daemon.conftest import add, claim, record, states
from voicectl.client import Door
from voicectl.errors import VoicectlError
from voicectl.events import EventKind
from voicectl.types import Job, Problem, Task, TaskState, Transcript
from voicectl_daemon.traces import Traces
from voicectl_daemon.work.drafts import Drafts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk
    from voicectl_daemon.ledger import Ledger

SECONDS = 68.0
PIECES: dict[str, dict[str, Any]] = {
    "transcribe": {"language": "en", "piece_seconds": 8.0, "temperature": [0.0], "threads": 1}
}
"""Short pieces. Without a draw of words, two runs hear the same."""
TASK = Task("t", "j", "default", 0, "/a.wav", "a.wav", TaskState.RUNNING, key="k", call="c")


def drafts(site: Site) -> list[Path]:
    return list(site.home.drafts.iterdir())


def parts(site: Site) -> int:
    """How many parts are kept."""
    return sum(len(draft.read_bytes().splitlines()) - 1 for draft in drafts(site))


def speech(site: Site) -> list[tuple[float, float]]:
    """Where somebody speaks, as all parts together have it."""
    lines = [line for draft in drafts(site) for line in draft.read_bytes().splitlines()[1:]]
    return [tuple(stretch) for line in lines for stretch in json.loads(line)["memory"]["speech"]]


def head(site: Site) -> dict[str, str]:
    """What is said of a draft; empty while there is none."""
    for draft in drafts(site):
        first: dict[str, str] = json.loads(draft.read_bytes().splitlines()[0])
        return first
    return {}


def begun_at(desk: Desk, job: Job) -> float:
    """Wait until work goes on that was broken off; return where."""
    with desk.watch(job.id) as events:
        for event in events:
            assert event.kind is not EventKind.JOB_FINISHED
            if event.kind is EventKind.TASK_STARTED and event.detail and event.detail["done"]:
                return float(event.detail["done"])
    raise AssertionError("the daemon left")


def one_more(site: Site, kept: int) -> int:
    """Wait for a part beyond those that are kept; return how many are kept then."""
    site.wait_until(lambda: parts(site) > kept, "one more is kept")
    return parts(site)


@pytest.fixture
def recording(make_call: Callable[..., Path]) -> Path:
    """A recording of nine pieces."""
    return make_call("long", 0.0, SECONDS)


@pytest.fixture
def broken_off(desk: Desk, site: Site, recording: Path) -> Job:
    """A job that was cancelled when two parts were kept; they stay, as it may be retried."""
    job = desk.ask(recording, options=PIECES)
    site.wait_until(lambda: parts(site) >= 2, "two parts are kept")
    desk.door.cancel(job.id)
    assert states(desk.wait(job)) == ["cancelled"]
    assert parts(site) >= 2
    assert len(speech(site)) == len(set(speech(site))), "a part repeats those before"
    return job


def kill_worker(desk: Desk, site: Site, job: Job) -> None:
    desk.worker.kill()


def kill_daemon(desk: Desk, site: Site, job: Job) -> None:
    site.kill()
    desk.door.job(job.id)


def end_daemon(desk: Desk, site: Site, job: Job) -> None:
    pid = site.pid or 0
    os.kill(pid, signal.SIGTERM)
    site.wait_until(lambda: site.is_gone(pid), "it has left")
    desk.door.job(job.id)


def cancel_and_retry(desk: Desk, site: Site, job: Job) -> None:
    desk.door.cancel(job.id)
    site.wait_until(lambda: desk.door.tasks(job.id)[0].state.final, "it is cancelled")
    desk.door.retry(job.id)


def transcript(desk: Desk, task: Task) -> Transcript:
    assert task.call is not None
    found = desk.door.call(task.call, task.key).transcript
    assert found is not None
    return found


def test_it_goes_on_and_nobody_can_tell(desk: Desk, site: Site, recording: Path) -> None:
    (straight,) = desk.do(recording, options=PIECES)
    expected = transcript(desk, straight)
    assert drafts(site) == []

    job = desk.ask(recording, options=PIECES, force=True)
    reached = 0
    for disturb in (kill_worker, kill_daemon, end_daemon, cancel_and_retry):
        reached = one_more(site, reached)
        disturb(desk, site, job)
        assert begun_at(desk, job) > 0
        assert parts(site) >= reached, "nothing that was kept is lost"
    (task,) = desk.wait(job)

    assert (task.state, task.skipped) == (TaskState.DONE, False)
    assert transcript(desk, task) == expected
    assert drafts(site) == []


def test_a_worker_that_is_lost_after_a_piece_is_not_held_against_a_recording(
    site: Site, weights: Path, recording: Path, at_desk: Callable[[Door], Desk]
) -> None:
    site.configure("[workers]\nattempts = 1")
    with Door.open() as door:
        desk, reached = at_desk(door), 0
        job = desk.ask(recording, options=PIECES)
        for _ in range(3):
            reached = one_more(site, reached)
            kill_worker(desk, site, job)
        (task,) = desk.wait(job)
    assert (task.state, task.attempts) == (TaskState.DONE, 4)


def test_another_job_that_insists_begins_anew(
    desk: Desk, site: Site, recording: Path, broken_off: Job
) -> None:
    assert head(site)["job"] == broken_off.id
    insisting = desk.ask(recording, options=PIECES, force=True)
    site.wait_until(lambda: head(site).get("job") == insisting.id, "it keeps parts of its own")
    assert parts(site) < 3


def test_a_draft_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    """Whoever works can go on without it, and has to know."""
    kept = Drafts(tmp_path / "drafts")
    (tmp_path / "drafts/c.k").mkdir()
    for begin in (0, 5):
        with pytest.raises(VoicectlError, match="cannot be kept: Is a directory"):
            kept.add(TASK, Raw(b'{"begin": %d, "end": 10}' % begin))
    assert kept.read(TASK, only_of_job=False).end == 0.0


def test_a_draft_that_was_killed_before_its_first_byte_is_nothing(tmp_path: Path) -> None:
    kept = Drafts(tmp_path / "drafts")
    (tmp_path / "drafts/c.k").touch()
    assert kept.read(TASK, only_of_job=False).end == 0.0
    kept.add(TASK, Raw(b'{"begin": 0, "end": 5}'))
    assert kept.read(TASK, only_of_job=False).end == 5.0


def test_a_record_that_is_not_masked_yet_is_kept_beside_the_parts(tmp_path: Path) -> None:
    folder = tmp_path / "drafts"
    kept, whole = Drafts(folder), record("c", "words of a call")
    other = replace(TASK, id="u", job="another")
    assert kept.record(TASK, only_of_job=False) is None
    for found in (replace(whole, labels=()), whole):
        kept.keep_record(TASK, found)
        assert kept.record(TASK, only_of_job=True) == found
    assert kept.record(other, only_of_job=False) == whole
    assert kept.record(other, only_of_job=True) is None, "it is another job's"

    (path,) = folder.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    for spoilt in (content[:-9], content.replace(b'"version":"', b'"version":"0'), b""):
        path.write_bytes(spoilt)
        assert kept.record(TASK, only_of_job=False) is None
    kept.keep_record(TASK, whole)
    kept.drop(TASK)
    assert not list(folder.iterdir())
    kept.keep_record(TASK, whole)
    kept.forget("c")
    assert not list(folder.iterdir())
    shutil.rmtree(folder)
    with pytest.raises(VoicectlError, match="cannot be kept"):
        kept.keep_record(TASK, whole)


def test_a_record_in_the_drafts_goes_when_nobody_needs_it(tmp_path: Path, ledger: Ledger) -> None:
    kept = Drafts(tmp_path / "drafts")
    add(ledger, "waiting")
    for call in ("waiting", "forgotten"):
        kept.keep_record(replace(TASK, call=call, key=f"key {call}"), record(call))
    kept.tidy(Traces(ledger))
    (left,) = (tmp_path / "drafts").iterdir()
    assert left.name.startswith("waiting.")


def test_a_site_says_how_long_what_was_said_is_kept(tmp_path: Path, ledger: Ledger) -> None:
    add(ledger, "ended")
    task = claim(ledger)
    problem = Problem("error", "it stumbled")
    ledger.close_task(task.id, "me", TaskState.PARTIAL, problem)
    for seconds, there in ((3600.0, 1), (0.0, 0)):
        kept = Drafts(tmp_path / "drafts", seconds)
        kept.keep_record(task, record("ended"))
        kept.tidy(Traces(ledger))
        assert len(list((tmp_path / "drafts").iterdir())) == there


def test_a_torn_part_is_not_used(desk: Desk, site: Site, broken_off: Job) -> None:
    (draft,) = drafts(site)
    assert draft.stat().st_mode & 0o777 == 0o600
    top, first, second, *_ = draft.read_bytes().splitlines(keepends=True)
    draft.write_bytes(top + first + second[: len(second) // 2])
    desk.door.retry(broken_off.id)
    assert 4.0 <= begun_at(desk, broken_off) <= 8.0, "the first part counts"


def test_a_draft_of_another_version_is_not_used(desk: Desk, site: Site, broken_off: Job) -> None:
    (draft,) = drafts(site)
    top, rest = draft.read_bytes().split(b"\n", 1)
    other = top.replace(b'"version":"', b'"version":"0')
    assert other != top
    draft.write_bytes(other + b"\n" + rest)
    desk.door.retry(broken_off.id)
    site.wait_until(lambda: draft.exists() and not draft.read_bytes().startswith(other), "anew")


def test_deleted_means_deleted(desk: Desk, site: Site, recording: Path, broken_off: Job) -> None:
    whole = {"transcribe": PIECES["transcribe"] | {"piece_seconds": 60.0}}
    (done,) = desk.do(recording, options=whole)
    text = transcript(desk, done).segments[0].text.encode()
    assert text in drafts(site)[0].read_bytes()

    assert done.call is not None
    desk.door.delete(done.call)

    assert drafts(site) == []


def test_work_goes_on_when_nothing_can_be_kept(
    desk: Desk, site: Site, make_call: Callable[..., Path]
) -> None:
    shutil.rmtree(site.home.drafts)
    (task,) = desk.do(make_call("long", 0.0, 30.0), options=PIECES)
    assert task.state is TaskState.DONE
    assert "cannot be kept" in site.log
