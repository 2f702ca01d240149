"""Claims and leases: who works on what next, for how long, and alone."""

from __future__ import annotations

import threading
import time

import pytest

from tests.daemon.conftest import LEASE, TENANT, add, audio, claim, states
from voicectl.types import Ask, Problem, Source, TaskState
from voicectl_daemon.ledger import Ledger, Together


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
    assert states(ledger.tasks(job)) == ["running", "done"]


def test_jobs_take_turns(ledger: Ledger) -> None:
    big = add(ledger, *(f"big {number}" for number in range(6)))
    assert [claim(ledger).job for _ in range(3)] == [big] * 3
    small = add(ledger, "small 0", "small 1", "small 2")
    assert [claim(ledger).name for _ in range(6)] == [
        "small 0", "big 3", "small 1", "big 4", "small 2", "big 5",
    ]  # fmt: skip
    assert ledger.claim("me", LEASE) is None
    assert states(ledger.tasks(small)) == ["running"] * 3


def test_a_stream_of_small_jobs_does_not_starve_a_big_one(ledger: Ledger) -> None:
    big = add(ledger, *(f"big {number}" for number in range(50)))
    for number in range(20):
        add(ledger, f"small {number}")
        for _ in range(2):
            task = claim(ledger)
            ledger.finish(task.id, "me")
    assert states(ledger.tasks(big)).count("done") >= 19


def test_of_equal_recordings_only_one_is_worked_on(ledger: Ledger) -> None:
    one, other = add(ledger, "same"), add(ledger, "same", "different")
    first = claim(ledger)
    assert first.job == one
    assert claim(ledger).name == "different"
    assert ledger.claim("me", LEASE) is None
    ended = ledger.finish(first.id, "me")
    assert [(task.job, task.skipped) for task in ended] == [(one, False), (other, True)]
    assert states(ledger.tasks(other)) == ["done", "running"]


def test_a_twin_is_worked_on_when_the_first_one_fails(ledger: Ledger) -> None:
    one, other = add(ledger, "same"), add(ledger, "same")
    first = claim(ledger)
    ledger.close_task(first.id, "me", TaskState.FAILED, Problem("x", "y"))
    assert claim(ledger).job == other
    assert states(ledger.tasks(one)) == ["failed"]


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
    assert states(ledger.tasks(job)) == ["running"]
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
    assert states(ledger.tasks(job)) == ["queued" if goes_back else "running"]


def test_a_daemon_that_starts_takes_everything_back(ledger: Ledger) -> None:
    job = add(ledger, "a", "b", "c")
    ledger.finish(claim(ledger).id, "me")
    claim(ledger)
    assert len(ledger.sweep(LEASE)) == 1
    assert states(ledger.tasks(job)) == ["done", "queued", "queued"]


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
    assert set(states(ledger.tasks(job))) == {"done"}
