"""One pair of hands: a child process, and the task that is in it."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import Any

from voicectl.config import Workers
from voicectl.errors import DiskFull, TooSlow, VoicectlError, WorkerDied
from voicectl.types import CallRecord, EventKind, Problem, Task, TaskState, WorkerStatus
from voicectl_daemon import bus, ids, wire
from voicectl_daemon.bus import Bus
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.store import Store

LISTEN_SECONDS = 0.5
"""How long to wait for a report before looking at everything else."""
POLITE_SECONDS = 5.0
"""How long a child may take to give up a task before it is ended."""
FULL_DISK_SECONDS = 2.0
"""How often a finished result is tried again while the disk is full."""

log = logging.getLogger(__name__)


class Books:
    """What every hand writes to."""

    def __init__(self, ledger: Ledger, store: Store, events: Bus) -> None:
        self.ledger = ledger
        self.store = store
        self.bus = events

    def tell(self, kind: EventKind, task: Task, **detail: Any) -> None:
        """Publish an event about a task."""
        self.bus.publish(bus.of_task(kind, task, **detail))

    def tell_end(self, task: Task, **detail: Any) -> None:
        """Publish how a task ended, and that its job is finished when it was the last."""
        event = bus.standing(task)
        if event is not None and event.detail is not None:
            event.detail.update(detail)
            self.bus.publish(event)
        self.settle(task.job)

    def settle(self, job: str) -> None:
        """Close a job that has nothing left to do, and say so once."""
        if self.ledger.settle(job):
            found = self.ledger.job(job)
            self.bus.publish(bus.of_job(EventKind.JOB_FINISHED, found, **found.counts))


class Hand:
    """Works through tasks one at a time; used by one thread, watched by others."""

    def __init__(self, books: Books, settings: Workers, models_folder: str) -> None:
        self.owner = ids.fresh(8)
        self.task: Task | None = None
        self._books = books
        self._settings = settings
        self._models_folder = models_folder
        self._child: wire.Child | None = None
        self._starting = threading.Lock()
        self._alive = wire.Alive(0, ())
        self._unwanted: set[str] = set()
        self._quit = threading.Event()

    def status(self) -> WorkerStatus:
        """Return how this worker is."""
        child = self._child
        if child is None or not child.alive:
            return WorkerStatus(None, "off", None, (), 0)
        task = self.task
        return WorkerStatus(
            pid=child.pid,
            state="working" if task else "idle",
            task=task.id if task else None,
            models=self._alive.models,
            memory=self._alive.memory,
        )

    def warm(self) -> None:
        """Start the child before there is work for it."""
        with self._starting:
            if self._child is None or not self._child.alive:
                self._child = wire.Child(self._models_folder)

    def let_go(self, task: str) -> None:
        """Stop working on a task that nobody wants any more."""
        self._unwanted.add(task)

    def quit(self) -> None:
        """Stop whatever is done; it goes back to the queue."""
        self._quit.set()
        if self._child is not None:
            self._child.kill()

    def work(self, task: Task) -> None:
        """See one claimed task through to an end of some kind."""
        self.task = task
        try:
            self._try(task)
        except WorkerDied as error:
            self._after_death(task, error)
        except VoicectlError as error:
            self._close(task, TaskState.FAILED, error)
        finally:
            self.task = None
            self._unwanted.discard(task.id)

    def _try(self, task: Task) -> None:
        ledger = self._books.ledger
        if self._last_chance(task) and self._child is not None:
            self._child.kill()
        self.warm()
        child = self._child
        assert child is not None  # noqa: S101, warm() made it
        self._books.tell(EventKind.TASK_STARTED, task, seconds=task.seconds, done=0.0)
        audio = ledger.audio(task.id)
        record = CallRecord(task.call or "", task.tenant, audio, datetime.now(UTC))
        steps, _, _ = ledger.wishes(task.job)
        began = time.monotonic()
        child.send(wire.Run(task.id, steps, record))
        end = self._listen(child, task)
        if isinstance(end, wire.Finished):
            self._keep(task, end.record, time.monotonic() - began)
        elif end is None:
            self._books.tell_end(ledger.close_task(task.id, TaskState.CANCELLED, None))
        else:
            self._close(task, TaskState.FAILED, VoicectlError(end.text, hint=end.hint), end.code)

    def _listen(self, child: wire.Child, task: Task) -> wire.Finished | wire.Failed | None:
        """Return how the child ended the task; None when it was cancelled."""
        watch = _Watch(self._settings)
        while True:
            report = child.report(LISTEN_SECONDS)
            if isinstance(report, wire.Finished):
                return report
            if isinstance(report, wire.Failed):
                return None if report.code == "cancelled" else report
            self._hear(report, task, watch)
            if task.id in self._unwanted:
                self._ask_to_stop(child, task, watch)
            if watch.stalled():
                child.kill()
                raise TooSlow(
                    f"no progress for {self._settings.stall_seconds:.0f} s; it was stopped",
                    hint="try it again with: voicectl jobs retry " + task.job,
                )
            if watch.renewal_due():
                lease = self._settings.lease_seconds
                self._books.ledger.renew(task.id, self.owner, lease, watch.seconds)

    def _hear(self, report: wire.Report | None, task: Task, watch: _Watch) -> None:
        if isinstance(report, wire.Alive):
            self._alive = report
        elif isinstance(report, wire.Progress):
            watch.moved(report.seconds)
            self._books.tell(EventKind.TASK_PROGRESS, task, seconds=report.seconds)
        elif isinstance(report, wire.Heard):
            watch.moved(watch.seconds)
            heard = report.segment
            self._books.tell(
                EventKind.TASK_SEGMENT,
                task,
                start=heard.start,
                end=heard.end,
                text=heard.text,
                speaker=heard.speaker,
                language=heard.language,
                suspect=heard.suspect,
            )

    def _ask_to_stop(self, child: wire.Child, task: Task, watch: _Watch) -> None:
        if watch.asked is None:
            watch.asked = time.monotonic()
            child.send(wire.Stop(task.id))
        elif time.monotonic() - watch.asked > POLITE_SECONDS:
            child.kill()  # noticed by the next report() as a death, and then closed as cancelled
            raise WorkerDied("it was ended because the task was cancelled")

    def _keep(self, task: Task, record: CallRecord, took: float) -> None:
        """Write the result; while the disk is full, hold on to it and try again."""
        while True:
            try:
                self._books.store.save(record, task.key or task.id)
                closed = self._books.ledger.finish(task.id, self.owner)
                break
            except DiskFull as error:
                self._books.tell(EventKind.TASK_REQUEUED, task, text=error.text)
                if self._quit.wait(FULL_DISK_SECONDS):
                    return
        transcript = record.transcript
        for one in closed:
            self._books.tell_end(
                one,
                took=round(took, 3),
                seconds=record.audio.seconds,
                language=transcript.language if transcript else None,
                model=transcript.model if transcript else None,
            )

    def _last_chance(self, task: Task) -> bool:
        return self._books.ledger.deaths(task.id) >= self._settings.attempts

    def _after_death(self, task: Task, error: WorkerDied) -> None:
        """Try again after a lost worker, until the recording itself must be the reason.

        Innocent recordings die with their worker too, so after the usual number
        of attempts each gets one more, in a process of its own.
        """
        if self._quit.is_set():
            self._books.ledger.release(task.id)
            return
        if task.id in self._unwanted:
            self._books.tell_end(self._books.ledger.close_task(task.id, TaskState.CANCELLED, None))
            return
        last = self._last_chance(task)
        deaths = self._books.ledger.release(task.id, died=True)
        log.warning("task %s lost its worker (%d times so far)", task.id, deaths)
        if last:
            hint = "look at the recording; try it again with: voicectl jobs retry " + task.job
            text = f"it took {deaths} workers down: {error.text}"
            self._close(task, TaskState.DEAD, WorkerDied(text, hint=hint))
        else:
            self._books.tell(EventKind.TASK_REQUEUED, task, text=error.text)

    def _close(
        self, task: Task, state: TaskState, error: VoicectlError, code: str | None = None
    ) -> None:
        problem = Problem(code or error.code, error.text, error.hint)
        closed = self._books.ledger.close_task(task.id, state, problem)
        _, _, fail_fast = self._books.ledger.wishes(task.job)
        if fail_fast:
            self._books.ledger.cancel(task.job)
        self._books.tell_end(closed)


class _Watch:
    """The clocks of one task."""

    def __init__(self, settings: Workers) -> None:
        self._settings = settings
        self._moved = self._renewed = time.monotonic()
        self.seconds = 0.0
        """How much of the recording has been worked through."""
        self.asked: float | None = None
        """When the child was asked to give up."""

    def moved(self, seconds: float) -> None:
        """Note a sign of progress."""
        self._moved = time.monotonic()
        self.seconds = seconds

    def stalled(self) -> bool:
        """True when there was no progress for too long."""
        return time.monotonic() - self._moved > self._settings.stall_seconds

    def renewal_due(self) -> bool:
        """True once in every quarter of a lease."""
        if time.monotonic() - self._renewed < self._settings.lease_seconds / 4:
            return False
        self._renewed = time.monotonic()
        return True
