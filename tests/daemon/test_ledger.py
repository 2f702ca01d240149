"""The ledger by itself: claims, leases, ends, schema, a full disk."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicectl.errors import ConfigError, DiskFull, NotFound, UsageError, VoicectlError
from voicectl.results import FileWish
from voicectl.types import Ask, Audio, Outputs, Problem, Source, Task, TaskState
from voicectl_daemon.ledger import Ledger, Together
from voicectl_daemon.traces import Traces

LEASE = 60.0
TENANT = "default"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    book = Ledger(tmp_path / "ledger.sqlite")
    yield book
    book.close()


def audio(name: str, seconds: float = 2.0) -> Audio:
    return Audio(f"/calls/{name}", name, seconds, 8000, 2, "pcm_mulaw", name)


def add(ledger: Ledger, *names: str, **more: bool) -> str:
    """A job of recordings that were looked at; equal names have equal keys."""
    sources = tuple(Source(f"/calls/{name}", name) for name in names)
    job = ledger.add_job(Ask(sources, **more), b"[]", TENANT).id
    for task in ledger.tasks(job):
        ledger.looked_at(task.id, audio(task.name), f"key {task.name}", task.name, known=False)
    assert ledger.planned(job)
    return job


def claim(ledger: Ledger, owner: str = "me") -> Task:
    task = ledger.claim(owner, LEASE)
    assert task is not None
    return task


def states(ledger: Ledger, job: str) -> list[str]:
    return [str(task.state) for task in ledger.tasks(job)]


def test_a_job_is_written_down_as_it_was_asked_for(ledger: Ledger) -> None:
    outputs = Outputs("/out", ("txt", "json"), {"colour": True})
    ask = Ask((Source("/a b.wav", "a b.wav"),), outputs=outputs, command="voicectl transcribe")
    job = ledger.add_job(ask, b"[]", TENANT)
    assert job.state == "planning"
    assert job.outputs == outputs
    assert job.command == "voicectl transcribe"
    assert job.counts == {"new": 1}
    (task,) = ledger.tasks(job.id)
    assert (task.path, task.name, task.seq) == ("/a b.wav", "a b.wav", 0)
    assert task.state is TaskState.NEW
    assert task.seconds is None


def test_nothing_is_claimed_before_all_was_looked_at(ledger: Ledger) -> None:
    job = ledger.add_job(Ask((Source("/a", "a"), Source("/b", "b"))), b"[]", TENANT).id
    first, second = ledger.tasks(job)
    ledger.looked_at(first.id, audio("a"), "key a", "a", known=False)
    assert not ledger.planned(job)
    assert ledger.claim("me", LEASE) is None
    assert ledger.next_new(job) == second
    ledger.looked_at(second.id, audio("b"), "key b", "b", known=True)
    assert ledger.planned(job)
    assert claim(ledger).id == first.id
    assert states(ledger, job) == ["running", "done"]


def test_jobs_take_turns(ledger: Ledger) -> None:
    big = add(ledger, *(f"big {number}" for number in range(6)))
    assert [claim(ledger).job for _ in range(3)] == [big] * 3
    small = add(ledger, "small 0", "small 1", "small 2")
    assert [claim(ledger).name for _ in range(6)] == [
        "small 0", "big 3", "small 1", "big 4", "small 2", "big 5",
    ]  # fmt: skip
    assert ledger.claim("me", LEASE) is None
    assert states(ledger, small) == ["running"] * 3


def test_a_stream_of_small_jobs_does_not_starve_a_big_one(ledger: Ledger) -> None:
    big = add(ledger, *(f"big {number}" for number in range(50)))
    for number in range(20):
        add(ledger, f"small {number}")
        for _ in range(2):
            task = claim(ledger)
            ledger.finish(task.id, "me")
    assert states(ledger, big).count("done") >= 19


def test_of_equal_recordings_only_one_is_worked_on(ledger: Ledger) -> None:
    one, other = add(ledger, "same"), add(ledger, "same", "different")
    first = claim(ledger)
    assert first.job == one
    assert claim(ledger).name == "different"
    assert ledger.claim("me", LEASE) is None
    ended = ledger.finish(first.id, "me")
    assert [(task.job, task.skipped) for task in ended] == [(one, False), (other, True)]
    assert states(ledger, other) == ["done", "running"]


def test_a_twin_is_worked_on_when_the_first_one_fails(ledger: Ledger) -> None:
    one, other = add(ledger, "same"), add(ledger, "same")
    first = claim(ledger)
    ledger.close_task(first.id, "me", TaskState.FAILED, Problem("x", "y"))
    assert claim(ledger).job == other
    assert states(ledger, one) == ["failed"]


def test_tenants_share_no_results(ledger: Ledger) -> None:
    for tenant in ("a", "b"):
        job = ledger.add_job(Ask((Source("/x", "x"),)), b"[]", tenant).id
        ledger.looked_at(ledger.tasks(job)[0].id, audio("x"), "key", "x", known=False)
        ledger.planned(job)
    first, second = claim(ledger), claim(ledger)
    assert {first.tenant, second.tenant} == {"a", "b"}
    assert len(ledger.finish(first.id, "me")) == 1


def test_only_the_owner_can_end_or_keep_a_claim(ledger: Ledger) -> None:
    add(ledger, "a")
    task = claim(ledger, "me")
    assert ledger.renew(task.id, "me", LEASE, 1.5)
    assert not ledger.renew(task.id, "you", LEASE, 1.5)
    assert ledger.finish(task.id, "you") == []
    assert ledger.close_task(task.id, "you", TaskState.FAILED, None) == []
    assert ledger.release(task.id, "you") == []
    assert len(ledger.finish(task.id, "me")) == 1
    assert ledger.finish(task.id, "me") == []


@pytest.mark.parametrize("jump", [0.0, 3600.0, -3600.0])
def test_what_is_at_work_here_stays_whatever_the_clock_says(
    ledger: Ledger, jump: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = add(ledger, "a")
    task = claim(ledger)
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + jump)
    assert ledger.sweep(LEASE, held={task.id}) == []
    assert states(ledger, job) == ["running"]
    assert ledger.renew(task.id, "me", LEASE, 0.0)


@pytest.mark.parametrize(("jump", "goes_back"), [(0.0, False), (61.0, True), (-3600.0, True)])
def test_what_nobody_works_on_goes_back(
    ledger: Ledger, jump: float, *, goes_back: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the clock was set back: the lease would last for ever."""
    job = add(ledger, "a")
    claim(ledger)
    clock = time.time
    monkeypatch.setattr(time, "time", lambda: clock() + jump)
    assert len(ledger.sweep(LEASE, held=())) == goes_back
    assert states(ledger, job) == ["queued" if goes_back else "running"]


def test_a_daemon_that_starts_takes_everything_back(ledger: Ledger) -> None:
    job = add(ledger, "a", "b", "c")
    ledger.finish(claim(ledger).id, "me")
    claim(ledger)
    assert len(ledger.sweep(LEASE)) == 1
    assert states(ledger, job) == ["done", "queued", "queued"]


def test_deaths_are_counted_and_a_retry_forgives_them(ledger: Ledger) -> None:
    job = add(ledger, "a")
    for deaths in (1, 2, 3):
        task = claim(ledger)
        assert task.attempts == deaths
        ledger.release(task.id, "me", died=True)
        assert ledger.deaths(task.id) == deaths
    ledger.close_task(claim(ledger).id, "me", TaskState.DEAD, Problem("worker_died", "often"))
    (dead,) = ledger.tasks(job)
    assert dead.error == Problem("worker_died", "often")
    assert ledger.retry(job) == 1
    (again,) = ledger.tasks(job)
    assert (again.state, again.error, again.attempts) == (TaskState.NEW, None, 0)
    assert ledger.deaths(again.id) == 0
    assert ledger.unplanned() == [job]


def test_what_lost_a_worker_comes_last(ledger: Ledger) -> None:
    add(ledger, "a", "b", "c")
    ledger.release(claim(ledger).id, "me", died=True)
    assert [claim(ledger).name for _ in range(3)] == ["b", "c", "a"]


def test_short_recordings_are_claimed_together(ledger: Ledger) -> None:
    sources = tuple(Source(f"/calls/{name}", name) for name in "abbcdefg")
    job = ledger.add_job(Ask(sources), b"[]", TENANT).id
    lengths = {"a": 50.0, "c": 61.0, "d": 50.0, "e": 3.0, "f": 3.0, "g": 3.0}
    for task in ledger.tasks(job):
        ledger.looked_at(
            task.id, audio(task.name, lengths.get(task.name, 2.0)), task.name, task.name,
            known=False,
        )  # fmt: skip
    ledger.planned(job)
    first = claim(ledger)
    most = Together(longest=60.0, seconds=106.0, count=5)
    more = ledger.claim_more(first, "me", LEASE, most)
    assert [task.name for task in (first, *more)] == ["a", "b", "d", "e"]
    assert claim(ledger).name == "c", "a long one is worked on alone"
    assert ledger.claim_more(ledger.tasks(job)[3], "me", LEASE, most) == []
    for task in (first, *more):
        ledger.release(task.id, "me", died=True)
    assert [claim(ledger).name for _ in range(3)] == ["b", "f", "g"], "the twin of b is innocent"
    tried = claim(ledger)
    assert (tried.name, ledger.claim_more(tried, "me", LEASE, most)) == ("a", [])


def test_cancel_ends_what_waits_and_marks_what_runs(ledger: Ledger) -> None:
    job = add(ledger, "a", "b", "c", "d")
    ledger.finish(claim(ledger).id, "me")
    running = claim(ledger)
    ended = ledger.cancel(job)
    assert [task.name for task in ended] == ["c", "d"]
    assert ledger.unwanted(running.id)
    assert states(ledger, job) == ["done", "running", "cancelled", "cancelled"]
    assert ledger.settle() == []
    assert ledger.cancel(job) == []
    (put_back,) = ledger.release(running.id, "me")
    assert put_back.state is TaskState.CANCELLED
    (finished,) = ledger.settle()
    assert finished.counts == {"done": 1, "cancelled": 3}
    assert ledger.settle() == []


def test_a_cancelled_task_does_not_come_back_with_the_next_daemon(ledger: Ledger) -> None:
    job = add(ledger, "a")
    claim(ledger)
    ledger.cancel(job)
    assert [task.state for task in ledger.sweep(LEASE)] == [TaskState.CANCELLED]
    assert ledger.claim("me", LEASE) is None
    assert len(ledger.settle()) == 1


def test_what_was_finished_before_it_heard_of_it_counts(ledger: Ledger) -> None:
    job = add(ledger, "a")
    task = claim(ledger)
    ledger.cancel(job)
    assert ledger.finish(task.id, "me")[0].state is TaskState.DONE
    assert not ledger.retry(job)


def test_cancel_of_a_job_that_is_being_planned(ledger: Ledger) -> None:
    job = ledger.add_job(Ask((Source("/a", "a"), Source("/b", "b"))), b"[]", TENANT).id
    first, _ = ledger.tasks(job)
    assert len(ledger.cancel(job)) == 2
    assert ledger.next_new(job) is None
    assert ledger.looked_at(first.id, audio("a"), "key a", "a", known=False) == []
    assert not ledger.planned(job)
    assert [found.id for found in ledger.settle()] == [job]


def test_retry_while_others_of_the_job_are_at_work(ledger: Ledger) -> None:
    job = add(ledger, "a", "b", "c")
    ledger.close_task(claim(ledger).id, "me", TaskState.FAILED, Problem("x", "y"))
    running = claim(ledger)
    assert ledger.retry(job) == 1
    assert states(ledger, job) == ["new", "running", "queued"]
    assert ledger.claim("me", LEASE) is None, "it is planned again first"
    assert len(ledger.finish(running.id, "me")) == 1
    assert ledger.settle() == []
    task = ledger.next_new(job)
    assert task is not None
    ledger.looked_at(task.id, audio("a"), "key a", "a", known=False)
    assert ledger.planned(job)
    assert [claim(ledger).name, claim(ledger).name] == ["a", "c"]


def test_a_retry_between_the_last_look_and_the_end_of_planning(ledger: Ledger) -> None:
    job = ledger.add_job(Ask((Source("/a", "a"), Source("/b", "b"))), b"[]", TENANT).id
    first, second = ledger.tasks(job)
    ledger.close_task(first.id, None, TaskState.FAILED, Problem("x", "y"))
    ledger.looked_at(second.id, audio("b"), "key b", "b", known=False)
    ledger.retry(job)
    assert not ledger.planned(job), "a task that nobody looked at would wait for ever"
    assert ledger.unplanned() == [job]


def test_fail_fast_cancels_the_rest_in_the_same_moment(ledger: Ledger) -> None:
    job = add(ledger, "a", "b", "c", fail_fast=True)
    first, second = claim(ledger), claim(ledger)
    closed = ledger.close_task(first.id, "me", TaskState.FAILED, Problem("x", "y"))
    assert [task.name for task in closed] == ["a", "c"]
    assert ledger.unwanted(second.id)
    assert states(ledger, job) == ["failed", "running", "cancelled"]


def test_forget_leaves_other_calls_alone(ledger: Ledger, tmp_path: Path) -> None:
    traces = Traces(ledger)
    job, alone = add(ledger, "a", "b"), add(ledger, "a")
    for _ in range(2):
        ledger.finish(claim(ledger).id, "me")
    traces.claim(TENANT, [("a", [FileWish((str(tmp_path / "secret-name.txt"),), ())])])
    traces.forget("a")
    assert [task.name for task in ledger.tasks(job)] == ["b"]
    with pytest.raises(NotFound):
        ledger.job(alone)
    assert traces.files("a") == []
    for path in tmp_path.iterdir():
        assert b"secret-name" not in path.read_bytes()


def test_dropping_a_call(ledger: Ledger) -> None:
    traces = Traces(ledger)
    one, two = add(ledger, "a", "b"), add(ledger, "a")
    running = claim(ledger)
    assert traces.at_work("a")
    assert [task.job for task in traces.drop("a")] == [two]
    assert ledger.unwanted(running.id)
    assert states(ledger, one) == ["running", "queued"]


def test_files_belong_to_calls(ledger: Ledger) -> None:
    claim = Traces(ledger).claim
    x, others = ("/o/x.txt",), ("/o/x.txt", "/o/x-b.txt")
    assert claim(TENANT, [("a", [FileWish(x, ())])]) == [x]
    assert claim(TENANT, [("a", [FileWish(x, x)])]) == [x]
    assert claim(TENANT, [("b", [FileWish(others, x)])]) == [("/o/x-b.txt",)]
    assert claim(TENANT, [("b", [FileWish(x, ())])]) == [x], "it was removed meanwhile"


def test_a_call_whose_file_cannot_be_written_keeps_no_other_back(ledger: Ledger) -> None:
    traces = Traces(ledger)
    foreign, free = FileWish(("/o/y.txt",), ("/o/y.txt",)), FileWish(("/o/y.srt",), ())
    refused, given = traces.claim(TENANT, [("a", [free, foreign]), ("b", [free])])
    assert isinstance(refused, UsageError)
    assert "was not written by voicectl" in refused.text
    assert given == free.paths
    assert traces.files("a") == []


def test_uploads_that_are_needed(ledger: Ledger) -> None:
    sources = tuple(Source(f"upload:{number}", str(number)) for number in range(4))
    job = ledger.add_job(Ask(sources), b"[]", TENANT).id
    done, failed, waiting, known = ledger.tasks(job)
    for task in (done, failed, waiting, known):
        ledger.looked_at(task.id, audio(task.name), task.name, task.name, known=task is known)
    ledger.planned(job)
    ledger.finish(claim(ledger).id, "me")
    ledger.close_task(claim(ledger).id, "me", TaskState.FAILED, None)
    traces, now = Traces(ledger), time.time()
    assert traces.uploads_needed(now - 60) == {"0", "1", "2", "3"}
    assert traces.uploads_needed(now + 60) == {"0", "2"}
    assert traces.uploads(done.name) == ["0"]


def test_a_job_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    job = ledger.add_job(Ask((Source("/a", "a"),)), b"[]", TENANT).id
    assert ledger.find_job(TENANT, job[:4]) == job
    with pytest.raises(NotFound):
        ledger.find_job(TENANT, "nothing")
    with pytest.raises(NotFound):
        ledger.find_job("another tenant", job)
    ledger.add_job(Ask((Source("/a", "a"),)), b"[]", TENANT)
    with pytest.raises(UsageError, match="more than one"):
        ledger.find_job(TENANT, "")


def test_many_claim_at_once_and_none_twice(ledger: Ledger) -> None:
    job = add(ledger, *(f"call {number}" for number in range(60)))
    claimed: list[str] = []

    def work(owner: str) -> None:
        while task := ledger.claim(owner, LEASE):
            claimed.append(task.id)
            ledger.finish(task.id, owner)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == len(set(claimed)) == 60
    assert set(states(ledger, job)) == {"done"}


class Actions:
    """What can happen to a job, in any order."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.job = add(ledger, "a", "b", "a", "c")
        self.held: dict[str, Task] = {}
        self.finished = 0

    def claim(self) -> None:
        task = self.ledger.claim("me", LEASE)
        if task is not None:
            assert task.id not in self.held
            assert task.key not in [other.key for other in self.held.values()]
            self.held[task.id] = task

    def _held(self) -> str | None:
        return self.held.popitem()[0] if self.held else None

    def finish(self) -> None:
        if task := self._held():
            self.ledger.finish(task, "me")

    def fail(self) -> None:
        if task := self._held():
            self.ledger.close_task(task, "me", TaskState.FAILED, Problem("x", "y"))

    def die(self) -> None:
        if task := self._held():
            self.ledger.release(task, "me", died=True)

    def crash(self) -> None:
        self.held.clear()
        self.ledger.sweep(LEASE)

    def cancel(self) -> None:
        self.ledger.cancel(self.job)

    def retry(self) -> None:
        self.ledger.retry(self.job)

    def plan(self) -> None:
        while task := self.ledger.next_new(self.job):
            self.ledger.looked_at(
                task.id, audio(task.name), f"key {task.name}", task.name, known=False
            )
        self.ledger.planned(self.job)

    def settle(self) -> None:
        self.ledger.settle()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([n for n in vars(Actions) if not n.startswith("_")]), max_size=30))
def test_whatever_happens_a_job_comes_to_its_end(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    ledger = Ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite")
    try:
        actions = Actions(ledger)
        for name in names:
            getattr(actions, name)()
        actions.crash()
        for _ in range(10):
            actions.plan()
            actions.claim()
            actions.finish()
        ledger.settle()
        assert ledger.job(actions.job).state == "finished"
        assert all(task.state.final for task in ledger.tasks(actions.job))
    finally:
        ledger.close()


def old_ledger(path: Path, version: int) -> None:
    """A ledger as an earlier voicectl made it."""
    text = files("voicectl_daemon").joinpath("ledger.sql").read_text()
    first = text.split("-- migration 1\n")[1].split("-- migration 2\n")[0]
    with sqlite3.connect(path) as db:
        db.executescript(first)
        db.execute(
            "INSERT INTO job VALUES ('j','default',1.0,'transcribe','[]','{}','cmd',0,0,'running')"
        )
        db.execute(
            "INSERT INTO task (id, job, tenant, seq, path, name, state, audio, key, call) "
            "VALUES ('t','j','default',0,'/a','a','queued',"
            '\'{"path":"/a","name":"a","seconds":2,"rate":8000,"channels":2,"codec":"x",'
            "\"sha256\":\"y\"}', 'key', 'call')"
        )
        db.execute(f"PRAGMA user_version={version}")
    db.close()


def test_an_older_ledger_is_brought_up_to_date(tmp_path: Path) -> None:
    old_ledger(tmp_path / "ledger.sqlite", 1)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    task = claim(ledger)
    assert (task.name, task.seconds) == ("a", 2.0)
    ledger.cancel("j")
    assert ledger.unwanted(task.id)
    ledger.close()
    Ledger(tmp_path / "ledger.sqlite").close()


def test_a_newer_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old_ledger(path, 99)
    with pytest.raises(ConfigError, match="newer voicectl .schema 99") as refused:
        Ledger(path)
    assert "nothing was changed" in refused.value.hint
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM job").fetchone() == (1,)
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.close()


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(VoicectlError, match="ledger.sqlite cannot be read"):
        Ledger(tmp_path / "ledger.sqlite")


def test_the_ledger_is_private(ledger: Ledger, tmp_path: Path) -> None:
    add(ledger, "a")
    for path in tmp_path.glob("ledger.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0, path


def add_until_full(ledger: Ledger, accepted: list[str]) -> None:
    while len(accepted) < 1000:
        accepted.append(add(ledger, *(f"call {number}" for number in range(50))))


@pytest.mark.root
def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path], check=True)
    try:
        ledger = Ledger(tmp_path / "ledger.sqlite")
        job = add(ledger, "a", "b")
        task = claim(ledger)
        ballast = tmp_path / "ballast"
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(bytes(2_000_000))
        accepted: list[str] = []
        with pytest.raises(DiskFull) as full:
            add_until_full(ledger, accepted)
        assert "make room" in full.value.hint
        assert states(ledger, job) == ["running", "queued"]
        assert all(ledger.job(found).tasks == 50 for found in accepted)
        ballast.unlink()
        assert len(ledger.finish(task.id, "me")) == 1
        ledger.close()
        again = Ledger(tmp_path / "ledger.sqlite")
        assert states(again, job) == ["done", "queued"]
        again.close()
    finally:
        subprocess.run(["umount", tmp_path], check=True)
