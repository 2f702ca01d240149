"""Where a job stands, told by events that may come late, twice or not at all."""

from datetime import UTC, datetime
from typing import Any

import pytest

from voicectl.cli.work import Work, lane_speed
from voicectl.events import Event, EventKind
from voicectl.types import Problem, Task, TaskState

K = EventKind


def task(name: str, state: TaskState = TaskState.NEW, **more: Any) -> Task:
    return Task(name, "job", "default", 0, f"/{name}.wav", f"{name}.wav", state, **more)


def event(kind: EventKind, name: str | None = None, **detail: Any) -> Event:
    return Event(kind, datetime.now(UTC), "default", job="job", task=name, detail=detail)


@pytest.fixture
def work() -> Work:
    """Two recordings of 100 s, planned at 0."""
    work = Work([task("a"), task("b")])
    for name in ("a", "b"):
        work.apply(event(K.TASK_LOOKED_AT, name, seconds=100.0, skipped=False), 0.0)
    work.apply(event(K.JOB_PLANNED, todo=2, seconds=200.0), 0.0)
    return work


def test_from_the_start_to_the_end(work: Work) -> None:
    assert (work.seconds, work.done, work.speed(1.0), work.left(1.0)) == (200.0, 0.0, None, None)
    assert work.apply(event(K.TASK_STARTED, "a", seconds=100.0, done=0.0), 10.0)
    assert [lane.name for lane in work.running] == ["a.wav"]
    assert work.apply(event(K.TASK_PROGRESS, "a", seconds=50.0), 11.0)
    assert work.speed(11.0) is None  # one second tells nothing
    assert work.speed(15.0) == 10.0
    assert work.left(15.0) == 15.0
    assert lane_speed(work.lanes["a"], 15.0) == 10.0
    assert work.apply(event(K.TASK_DONE, "a", took=10.0, language="en", model="tiny.en"), 20.0)
    assert work.count(TaskState.DONE) == 1
    assert work.done == 100.0
    assert (work.lanes["a"].took, work.lanes["a"].language) == (10.0, "en")
    assert work.apply(event(K.TASK_FAILED, "b", code="undecodable", text="no audio"), 21.0)
    assert work.lanes["b"].problem == Problem("undecodable", "no audio")
    assert work.left(21.0) == 0.0
    assert work.apply(event(K.JOB_FINISHED, done=1), 22.0)
    assert work.finished


@pytest.mark.parametrize(
    "twice",
    [
        event(K.TASK_STARTED, "a", seconds=100.0, done=0.0),
        event(K.TASK_DONE, "a"),
        event(K.TASK_FAILED, "a", text="no"),
        event(K.TASK_CANCELLED, "a"),
        event(K.JOB_PLANNED, todo=2),
    ],
    ids=lambda each: str(each.kind),
)
def test_the_second_time_is_no_news(work: Work, twice: Event) -> None:
    work.plan = None
    assert work.apply(twice, 1.0)
    gained = work.gained
    assert not work.apply(twice, 2.0)
    assert work.gained == gained


def test_what_is_over_stays_over(work: Work) -> None:
    work.apply(event(K.TASK_DONE, "a"), 1.0)
    assert not work.apply(event(K.TASK_PROGRESS, "a", seconds=3.0), 2.0)
    assert not work.apply(event(K.TASK_STARTED, "a"), 2.0)
    assert work.lanes["a"].state is TaskState.DONE


def test_what_was_done_before_does_not_count_as_work(work: Work) -> None:
    work.apply(event(K.TASK_LOOKED_AT, "b", seconds=100.0, skipped=True), 0.0)
    work.apply(event(K.TASK_DONE, "b", skipped=True), 0.0)
    assert (work.todo, work.seconds, work.gained) == (1, 100.0, 0.0)


def test_a_late_joiner_counts_only_what_it_saw() -> None:
    work = Work([task("a", TaskState.DONE, seconds=100.0), task("b", TaskState.RUNNING)])
    assert not work.apply(event(K.TASK_DONE, "a"), 0.0)
    work.apply(event(K.TASK_STARTED, "b", seconds=100.0, done=60.0), 0.0)
    work.apply(event(K.TASK_PROGRESS, "b", seconds=80.0), 4.0)
    assert (work.done, work.gained, work.speed(4.0)) == (180.0, 20.0, 5.0)


def test_after_a_lost_worker_it_starts_again(work: Work) -> None:
    work.apply(event(K.TASK_STARTED, "a"), 0.0)
    work.apply(event(K.TASK_PROGRESS, "a", seconds=50.0), 5.0)
    assert work.apply(event(K.TASK_REQUEUED, "a", text="lost"), 6.0)
    assert work.running == []
    assert work.done == 0.0
    assert work.apply(event(K.TASK_STARTED, "a"), 7.0)
    assert lane_speed(work.lanes["a"], 10.0) is None


def test_one_leg_after_the_other_is_no_step_back(work: Work) -> None:
    work.apply(event(K.TASK_STARTED, "a"), 0.0)
    for seconds in (40.0, 10.0, 50.0, 20.0):
        work.apply(event(K.TASK_PROGRESS, "a", seconds=seconds), 1.0)
    assert (work.done, work.gained) == (50.0, 50.0)


def test_events_of_others_mean_nothing(work: Work) -> None:
    assert not work.apply(event(K.TASK_DONE, "stranger"), 0.0)
    assert not work.apply(event(K.CALL_DELETED), 0.0)
    assert not work.apply(event(K.JOB_CREATED), 0.0)
