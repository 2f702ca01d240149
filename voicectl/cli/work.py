"""Where a job stands, as its events tell it. Draws nothing, asks nobody, reads no clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from voicectl.events import Event, EventKind
from voicectl.types import Problem, Task, TaskState

SETTLED = 2.0
"""Seconds of work before a speed means anything."""


@dataclass(slots=True)
class Lane:
    """One recording on its way."""

    id: str
    name: str
    state: TaskState
    seconds: float | None
    """Length; None before it was looked at."""
    done: float
    """Seconds worked through."""
    skipped: bool = False
    began: float | None = None
    """When its work began, while it was watched."""
    gained: float = 0.0
    """Seconds worked through since then."""
    took: float | None = None
    language: str | None = None
    model: str | None = None
    problem: Problem | None = None


class Work:
    """All the recordings of a job. Every event may come twice, and some may never come."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self.lanes = {task.id: _lane(task) for task in tasks}
        self.plan: dict[str, Any] | None = None
        """The detail of `job.planned`, once that is known."""
        self.finished = False
        self.began: float | None = None
        """When the first work began, while it was watched."""
        self.gained = 0.0
        """Seconds of audio worked through since then."""

    def lane(self, event: Event) -> Lane | None:
        """Return the lane of an event; None when it is about the job."""
        return self.lanes.get(event.task or "")

    def apply(self, event: Event, now: float) -> bool:
        """Take in an event; False when it was known already."""
        if event.kind in (EventKind.JOB_PLANNED, EventKind.JOB_FINISHED):
            return self._about_job(event)
        lane, change = self.lane(event), _CHANGES.get(event.kind)
        if lane is None or change is None or lane.state.final:
            return False
        return change(self, lane, event.detail or {}, now)

    def _about_job(self, event: Event) -> bool:
        if event.kind is EventKind.JOB_FINISHED:
            self.finished = True
            return True
        news = self.plan is None
        self.plan = event.detail or {}
        return news

    def advance(self, lane: Lane, done: float) -> None:
        """Note how far a lane is; one leg may be told of after the other, so it only grows."""
        forward = max(0.0, done - lane.done)
        lane.done += forward
        lane.gained += forward
        self.gained += forward

    @property
    def running(self) -> list[Lane]:
        """The recordings that are being worked on."""
        return [lane for lane in self.lanes.values() if lane.state is TaskState.RUNNING]

    @property
    def seconds(self) -> float:
        """Length of everything that had to be done, as far as it is known."""
        return sum(lane.seconds or 0.0 for lane in self._counted())

    @property
    def done(self) -> float:
        """How much of that is worked through."""
        return sum(lane.done for lane in self._counted())

    def _counted(self) -> Iterable[Lane]:
        return (lane for lane in self.lanes.values() if not lane.skipped)

    def count(self, *states: TaskState) -> int:
        """Return how many recordings are in one of `states`; those done before do not count."""
        return sum(lane.state in states for lane in self._counted())

    @property
    def todo(self) -> int:
        """How many recordings had to be done."""
        return sum(1 for _ in self._counted())

    def speed(self, now: float) -> float | None:
        """Return how many times faster than real time the work is; None before one can know."""
        return _ratio(self.gained, self.began, now)

    def left(self, now: float) -> float | None:
        """Return how many seconds the rest will take; None before one can know."""
        speed = self.speed(now)
        return max(0.0, self.seconds - self.done) / speed if speed else None


def lane_speed(lane: Lane, now: float) -> float | None:
    """Return how many times faster than real time a recording is worked on."""
    return _ratio(lane.gained, lane.began, now)


def _ratio(gained: float, began: float | None, now: float) -> float | None:
    if began is None or now - began < SETTLED or gained <= 0:
        return None
    return gained / (now - began)


def _lane(task: Task) -> Lane:
    done = (task.seconds or 0.0) if task.state.final else task.done_seconds
    lane = Lane(task.id, task.name, task.state, task.seconds, done, task.skipped)
    lane.problem = task.error
    return lane


def _looked_at(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    lane.seconds, lane.skipped = detail.get("seconds"), bool(detail.get("skipped"))
    return True


def _started(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    news = lane.state is not TaskState.RUNNING or lane.began is None
    lane.state = TaskState.RUNNING
    lane.seconds = detail.get("seconds", lane.seconds)
    if news:
        lane.began, lane.gained = now, 0.0
        lane.done = detail.get("done") or 0.0
        work.began = now if work.began is None else work.began
    return news


def _progress(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    work.advance(lane, detail.get("seconds") or 0.0)
    return True


def _segment(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    return True


def _requeued(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    lane.state, lane.done, lane.began = TaskState.QUEUED, 0.0, None
    return True


def _ended(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    lane.state = TaskState(detail.get("state") or TaskState.DONE)
    lane.seconds = detail.get("seconds") or lane.seconds
    lane.skipped = bool(detail.get("skipped"))
    lane.took, lane.language = detail.get("took"), detail.get("language")
    lane.model = detail.get("model")
    if not lane.skipped:
        work.advance(lane, lane.seconds or 0.0)
    return True


def _failed(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    lane.state = TaskState(detail.get("state") or TaskState.FAILED)
    lane.problem = Problem(
        detail.get("code") or "error", detail.get("text") or "", detail.get("hint") or ""
    )
    lane.done = lane.seconds or 0.0
    return True


def _cancelled(work: Work, lane: Lane, detail: dict[str, Any], now: float) -> bool:
    lane.state = TaskState.CANCELLED
    return True


_CHANGES: dict[EventKind, Callable[[Work, Lane, dict[str, Any], float], bool]] = {
    EventKind.TASK_LOOKED_AT: _looked_at,
    EventKind.TASK_STARTED: _started,
    EventKind.TASK_PROGRESS: _progress,
    EventKind.TASK_SEGMENT: _segment,
    EventKind.TASK_REQUEUED: _requeued,
    EventKind.TASK_DONE: _ended,
    EventKind.TASK_FAILED: _failed,
    EventKind.TASK_CANCELLED: _cancelled,
}
