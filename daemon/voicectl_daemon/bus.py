"""Events to whoever listens. A slow listener loses; the call never waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TypeAlias

from voicectl.events import Event, EventKind
from voicectl.types import Job, Task, TaskState
from voicectl_daemon.metrics import Metrics

BACKLOG = 5000
"""Events that may wait for one listener before it is let go."""


Wanted: TypeAlias = Callable[[Event], bool]
"""Says of an event whether a listener is to hear it."""


class Listener:
    """One listener's events, to be read on the loop that made it."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.lost = False
        """True when the listener was too slow and gets no more."""
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue()

    async def next(self) -> Event | None:
        """Return the next event; None when there will be no more."""
        return await self._waiting.get()

    def offer(self, event: Event | None) -> None:
        """Hand over an event from any thread."""
        self._loop.call_soon_threadsafe(self._put, event)

    def _put(self, event: Event | None) -> None:
        if self.lost:
            return
        if self._waiting.qsize() >= BACKLOG:
            self.lost = True
            event = None
        self._waiting.put_nowait(event)


class Bus:
    """Where events are published, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._closed = False
        self.metrics = Metrics()
        """Hears everything."""
        self.also: tuple[Callable[[Event], None], ...] = ()
        """Those who hear everything, too, and return at once."""

    def publish(self, event: Event) -> None:
        """Tell everybody who wants to hear it."""
        self.metrics.happened(event)
        for hear in self.also:
            hear(event)
        with self._lock:
            for listener in self._listeners:
                if listener.wanted(event):
                    listener.offer(event)

    def close(self) -> None:
        """Tell all listeners, and those to come, that there will be no more."""
        with self._lock:
            self._closed = True
            for listener in self._listeners:
                listener.offer(None)

    @contextmanager
    def listening(self, wanted: Wanted) -> Iterator[Listener]:
        """Register a listener for as long as the block runs."""
        listener = Listener(wanted)
        with self._lock:
            self._listeners.add(listener)
            if self._closed:
                listener.offer(None)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)


def of_job(kind: EventKind, job: Job, **detail: Any) -> Event:
    """Return an event about a job."""
    return Event(kind, datetime.now(UTC), job.tenant, job=job.id, detail=detail or None)


def of_task(kind: EventKind, task: Task, **detail: Any) -> Event:
    """Return an event about a task."""
    now = datetime.now(UTC)
    return Event(kind, now, task.tenant, job=task.job, task=task.id, call=task.call, detail=detail)


_AT_END = {
    TaskState.DONE: EventKind.TASK_DONE,
    TaskState.PARTIAL: EventKind.TASK_FAILED,
    TaskState.FAILED: EventKind.TASK_FAILED,
    TaskState.DEAD: EventKind.TASK_FAILED,
    TaskState.CANCELLED: EventKind.TASK_CANCELLED,
}


def standing(task: Task) -> Event | None:
    """Return the event that says where a task stands; None when nothing happened to it yet."""
    if task.state in _AT_END:
        detail: dict[str, Any] = {"skipped": task.skipped, "state": str(task.state)}
        if task.key:
            detail["key"] = task.key
        if task.error:
            detail |= {"code": task.error.code, "text": task.error.text, "hint": task.error.hint}
        return of_task(_AT_END[task.state], task, **detail)
    if task.state is TaskState.RUNNING:
        return of_task(EventKind.TASK_STARTED, task, seconds=task.seconds, done=task.done_seconds)
    if task.seconds is not None:
        return of_task(EventKind.TASK_LOOKED_AT, task, seconds=task.seconds, skipped=task.skipped)
    return None


def planned(job: Job, tasks: list[Task]) -> Event:
    """Return the event that says what there is to do."""
    todo = [task for task in tasks if not task.state.final]
    skipped = [task for task in tasks if task.skipped]
    return of_job(
        EventKind.JOB_PLANNED,
        job,
        todo=len(todo),
        skipped=len(skipped),
        failed=len(tasks) - len(todo) - len(skipped),
        seconds=sum(task.seconds or 0.0 for task in todo),
        skipped_seconds=sum(task.seconds or 0.0 for task in skipped),
    )
