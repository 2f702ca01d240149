"""Ledger, store and events together: what every hand writes to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from voicectl.events import EventKind
from voicectl.types import Task
from voicectl_daemon import bus
from voicectl_daemon.bus import Bus
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.store import Store
from voicectl_daemon.traces import Traces
from voicectl_daemon.work.drafts import Drafts

Detail: TypeAlias = Mapping[str, Any]
"""What an event tells beside its kind."""


def nothing_more(_task: Task) -> Detail:
    """Say nothing of a task but where it stands."""
    return {}


class Books:
    """Everything that is kept, and everybody who is told."""

    def __init__(self, ledger: Ledger, store: Store, drafts: Drafts, events: Bus) -> None:
        self.ledger = ledger
        self.traces = Traces(ledger)
        self.store = store
        self.drafts = drafts
        self.bus = events
        self.placing = threading.Lock()
        """Held to look a result up and rely on it, and to delete a call."""
        self._order = threading.RLock()

    def tell(self, kind: EventKind, task: Task, **detail: Any) -> None:
        """Publish an event about a task."""
        self.bus.publish(bus.of_task(kind, task, **detail))

    def end(
        self, change: Callable[[], Sequence[Task]], tell: Callable[[Task], Detail] = nothing_more
    ) -> Sequence[Task]:
        """Make a change that ends tasks or puts them back, and tell of each that it changed.

        `tell` returns what there is to say of a task beside where it stands. Events
        come in the order of the changes: a job is not said to be finished before
        the last of its tasks is.
        """
        with self._order:
            changed = change()
            for task in changed:
                event = bus.standing(task) if task.state.final else None
                event = event or bus.of_task(EventKind.TASK_REQUEUED, task)
                (event.detail or {}).update(tell(task))
                self.bus.publish(event)
            self.settle()
        return changed

    def place(self, change: Callable[[], Sequence[Task]]) -> None:
        """Write down what a recording is, and tell of it."""
        with self._order:
            for task in change():
                self.tell(
                    EventKind.TASK_LOOKED_AT, task, seconds=task.seconds, skipped=task.skipped
                )
                event = bus.standing(task)
                if task.state.final and event is not None:
                    self.bus.publish(event)
            self.settle()

    def planned(self, job: str) -> bool:
        """Let the tasks of a job be worked on, and tell what there is to do.

        False when one of them was not looked at yet, or the job was cancelled.
        """
        with self._order:
            if not self.ledger.planned(job):
                return False
            self.bus.publish(bus.planned(self.ledger.job(job), self.ledger.tasks(job)))
            self.settle()
            return True

    def settle(self) -> None:
        """Close the jobs that have nothing left to do, and say so once."""
        with self._order:
            for job in self.ledger.settle():
                self.bus.publish(bus.of_job(EventKind.JOB_FINISHED, job, **job.counts))
