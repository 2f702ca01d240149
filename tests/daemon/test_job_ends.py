"""Cancelled, failed, retried: whatever happens, a job comes to its end, once."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.daemon.conftest import LEASE, TENANT, add, audio, claim, states
from voicectl.types import Ask, Problem, Source, Task, TaskState
from voicectl_daemon.ledger import Ledger


def test_cancel_ends_what_waits_and_marks_what_runs(ledger: Ledger) -> None:
    job = add(ledger, "a", "b", "c", "d")
    ledger.finish(claim(ledger).id, "me")
    running = claim(ledger)
    ended = ledger.cancel(job)
    assert [task.name for task in ended] == ["c", "d"]
    assert ledger.unwanted(running.id)
    assert states(ledger.tasks(job)) == ["done", "running", "cancelled", "cancelled"]
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
    assert states(ledger.tasks(job)) == ["new", "running", "queued"]
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


def test_a_retry_takes_what_is_partial_and_on_demand_what_is_done(ledger: Ledger) -> None:
    job = add(ledger, "a", "b")
    ledger.close_task(claim(ledger).id, "me", TaskState.PARTIAL, Problem("x", "y"))
    ledger.finish(claim(ledger).id, "me")
    assert states(ledger.tasks(job)) == ["partial", "done"]
    assert [found.id for found in ledger.settle()] == [job]
    assert ledger.retry(job, done=True) == 2
    assert states(ledger.tasks(job)) == ["new", "new"]


@pytest.mark.parametrize("state", [TaskState.PARTIAL, TaskState.FAILED, TaskState.DEAD])
def test_fail_fast_cancels_the_rest_in_the_same_moment(ledger: Ledger, state: TaskState) -> None:
    job = add(ledger, "a", "b", "c", fail_fast=True)
    first, second = claim(ledger), claim(ledger)
    closed = ledger.close_task(first.id, "me", state, Problem("x", "y"))
    assert [task.name for task in closed] == ["a", "c"]
    assert ledger.unwanted(second.id)
    assert states(ledger.tasks(job)) == [state, "running", "cancelled"]


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
