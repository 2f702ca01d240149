"""One pair of hands: a child process, and the task that is in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from voicectl.config import Workers
from voicectl.errors import DiskFull, TooSlow, VoicectlError, WorkerDied
from voicectl.types import CallRecord, EventKind, Problem, Task, TaskState, WorkerStatus
from voicectl_daemon import ids, wire
from voicectl_daemon.books import Books

T = TypeVar("T")

LISTEN_SECONDS = 0.5
"""How long to wait for a report before looking at everything else."""
POLITE_SECONDS = 5.0
"""How long a child may take to give up a task before it is ended."""
FULL_DISK_SECONDS = 2.0
"""How often what must be written is tried again while the disk is full."""

log = logging.getLogger(__name__)


class Leaving(WorkerDied):
    """The daemon leaves; what was being done is done by the next one."""


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

    def warm(self) -> wire.Child:
        """Start the child before there is work for it. Raises `WorkerDied`."""
        with self._starting:
            if self._quit.is_set():
                raise Leaving("the daemon leaves")
            if self._child is None or not self._child.alive:
                if self._child is not None:
                    self._child.kill()
                self._alive = wire.Alive(0, ())
                self._child = wire.Child(self._models_folder)
            return self._child

    def quit(self) -> None:
        """Put down whatever is being done; it goes back to the queue."""
        self._quit.set()

    def dismiss(self) -> None:
        """Let the child go. Only for the thread that works, or after it."""
        with self._starting:
            if self._child is not None:
                self._child.leave()
                self._child = None

    def work(self, task: Task) -> None:
        """See one claimed task through to an end of some kind."""
        self.task = task
        try:
            self._try(task)
        except WorkerDied as error:
            self._after_death(task, error)
        except VoicectlError as error:
            self._close(task, TaskState.FAILED, error)
        except Exception as error:
            log.exception("unexpected at a task")
            self._close(task, TaskState.FAILED, VoicectlError(f"{type(error).__name__}: {error}"))
        finally:
            self.task = None

    def _try(self, task: Task) -> None:
        ledger, key = self._books.ledger, task.key or task.id
        wishes = ledger.wishes(task.job)
        if not wishes.force and self._books.store.has(key):
            # A twin, or this very task before a daemon was lost, came first.
            self._end(task, lambda: ledger.finish(task.id, self.owner, skipped=task.attempts == 1))
            return
        if self._last_chance(task):
            self.dismiss()
        child = self.warm()
        self._books.tell(EventKind.TASK_STARTED, task, seconds=task.seconds, done=0.0)
        audio = ledger.audio(task.id)
        record = CallRecord(task.call or "", task.tenant, audio, datetime.now(UTC))
        began = time.monotonic()
        try:
            child.send(wire.Run(task.id, wishes.steps, record))
            end = self._listen(child, task)
        except BaseException:
            child.kill()  # what it still has to say would be taken for news of the next task
            raise
        if isinstance(end, wire.Finished):
            self._keep(task, end.record, time.monotonic() - began)
        elif end is None:
            self._close(task, TaskState.CANCELLED)
        else:
            error = VoicectlError(end.text, hint=end.hint)
            self._close(task, TaskState.FAILED, error, end.code)

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
            if self._quit.is_set():
                raise Leaving("the daemon leaves")
            if self._books.ledger.unwanted(task.id):
                self._ask_to_stop(child, task, watch)
            if watch.stalled():
                raise TooSlow(
                    f"no progress for {self._settings.stall_seconds:g} s; it was stopped",
                    hint="try it again with: voicectl jobs retry " + task.job,
                )
            if watch.renewal_due():
                self._renew(task, watch)

    def _renew(self, task: Task, watch: _Watch) -> None:
        lease = self._settings.lease_seconds
        try:
            self._books.ledger.renew(task.id, self.owner, lease, watch.seconds)
        except DiskFull as error:
            log.warning("%s", error.text)  # the sweeper knows that this hand holds the task

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
            raise WorkerDied("it was ended because the task was cancelled")

    def _keep(self, task: Task, record: CallRecord, took: float) -> None:
        """Write the result."""
        books, transcript = self._books, record.transcript
        self._patiently(task, lambda: books.store.save(record, task.key or task.id))
        self._end(
            task,
            lambda: books.ledger.finish(task.id, self.owner),
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
        ledger = self._books.ledger
        if isinstance(error, Leaving):
            self._end(task, lambda: ledger.release(task.id, self.owner))
            return
        if ledger.unwanted(task.id):
            self._close(task, TaskState.CANCELLED)
            return
        deaths = ledger.deaths(task.id) + 1
        log.warning("task %s lost its worker (%d times so far)", task.id, deaths)
        if self._last_chance(task):
            hint = "look at the recording; try it again with: voicectl jobs retry " + task.job
            text = f"it took {deaths} workers down: {error.text}"
            self._close(task, TaskState.DEAD, WorkerDied(text, hint=hint))
        else:
            put_back = lambda: ledger.release(task.id, self.owner, died=True)  # noqa: E731
            self._end(task, put_back, text=error.text)

    def _close(
        self,
        task: Task,
        state: TaskState,
        error: VoicectlError | None = None,
        code: str | None = None,
    ) -> None:
        problem = Problem(code or error.code, error.text, error.hint) if error else None
        self._end(task, lambda: self._books.ledger.close_task(task.id, self.owner, state, problem))

    def _end(self, task: Task, change: Callable[[], list[Task]], **detail: object) -> None:
        self._patiently(task, lambda: self._books.end(change, **detail))

    def _patiently(self, task: Task, write: Callable[[], T]) -> T:
        """Write something; while the disk is full, wait and try again."""
        told = False
        while True:
            try:
                return write()
            except DiskFull as error:
                if not told:
                    told = True
                    log.warning("%s", error.text)
                    self._books.tell(EventKind.TASK_REQUEUED, task, text=error.text)
                if self._quit.wait(FULL_DISK_SECONDS):
                    raise Leaving(error.text) from error


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
