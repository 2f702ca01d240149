"""One pair of hands: a child process, and the tasks that are in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from voicectl.config import Workers
from voicectl.errors import DiskFull, TooSlow, VoicectlError, WorkerDied
from voicectl.types import CallRecord, EventKind, Problem, Task, TaskState, WorkerStatus
from voicectl_daemon import ids, unforeseen, wire
from voicectl_daemon.books import Books
from voicectl_daemon.halfway import Halfway, said_of
from voicectl_daemon.watch import Watch

T = TypeVar("T")

LISTEN_SECONDS = 0.5
"""How long to wait for a report before looking at everything else."""
POLITE_SECONDS = 3.0
"""How long a child may take to give up a task before it is ended."""
FULL_DISK_SECONDS = 2.0
"""How often what must be written is tried again while the disk is full."""
STILLBIRTHS = 8
"""How many workers may be lost before they began with a recording until it is blamed for it."""

log = logging.getLogger(__name__)


class PutDown(WorkerDied):
    """The child was ended by us: that is no fault of what it held."""


class Leaving(PutDown):
    """The daemon leaves; what was being done is done by the next one."""


class Hand:
    """Works through tasks, short ones several at a time; used by one thread, watched by others."""

    def __init__(self, books: Books, settings: Workers, models_folder: str) -> None:
        self.owner = ids.fresh(8)
        self._open: dict[str, Task] = {}
        self._heard: dict[str, float] = {}
        self._further: set[str] = set()
        """Tasks of which a part was kept since they were begun."""
        self._halfway = Halfway(books)
        self._begun = False
        """True once the child has shown that it works on the order."""
        self._books = books
        self._settings = settings
        self._models_folder = models_folder
        self._child: wire.Child | None = None
        self._starting = threading.Lock()
        self._idle_since = time.monotonic()
        self._alive = wire.Alive(0, ())
        self._quit = threading.Event()

    @property
    def held(self) -> tuple[str, ...]:
        """The tasks that are being worked on."""
        return tuple(self._open)

    def status(self) -> WorkerStatus:
        """Return how this worker is."""
        child = self._child
        if child is None or not child.alive:
            return WorkerStatus(None, "off", None, (), 0)
        held = self.held
        return WorkerStatus(
            pid=child.pid,
            state="working" if held else "idle",
            task=held[0] if held else None,
            models=self._alive.models,
            memory=self._alive.memory,
            lets_go=None if held else self._idle_left(),
        )

    def _idle_left(self) -> float | None:
        keep = self._settings.idle_seconds
        return None if keep is None else max(0.0, self._idle_since + keep - time.monotonic())

    @property
    def idle_too_long(self) -> bool:
        """True when the child has had nothing to do for as long as it may keep its models."""
        return self._child is not None and not self._open and self._idle_left() == 0

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
                self._idle_since = time.monotonic()
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

    def work(self, tasks: Sequence[Task]) -> None:
        """See claimed tasks of one job through, each to an end of some kind."""
        self._open = {task.id: task for task in tasks}
        self._begun = False
        try:
            self._try()
        except WorkerDied as error:
            self._after_death(error)
        except VoicectlError as error:
            self._give_up(error)
        except Exception as error:  # noqa: BLE001, one recording must not end the hand
            unforeseen.write(log, "unexpected at a task", error)
            self._give_up(VoicectlError(unforeseen.sentence(error)))
        finally:
            self._open = {}
            self._idle_since = time.monotonic()
        self._watch_weight()

    def _watch_weight(self) -> None:
        """Let a child go that has grown too large; only that gives all memory back."""
        limit, child = self._settings.memory_bytes, self._child
        if limit is None or child is None or (memory := child.memory()) <= limit:
            return
        log.info("a worker of %d MB is replaced by a fresh one", memory // 1_000_000)
        self.dismiss()

    def _try(self) -> None:
        first = next(iter(self._open.values()))
        wishes = self._books.ledger.wishes(first.job)
        if not wishes.force:
            self._use_what_is_there()
        if not self._open:
            return
        tasks = tuple(self._open.values())
        records = self._halfway.begin(tasks, wishes.steps, forced=wishes.force)
        if self._last_chance(first):
            self.dismiss()
        child = self.warm()
        kept = tuple(self._kept(task, forced=wishes.force) for task in tasks)
        for task in tasks:
            done = self._heard.get(task.id, 0.0)
            self._books.tell(EventKind.TASK_STARTED, task, seconds=task.seconds, done=done)
        names = tuple(task.id for task in tasks)
        order = wire.Run(ids.fresh(), wishes.steps, names, records, kept)
        try:
            child.send(order)
            self._listen(child, order.order, first.job)
        except BaseException:
            child.kill()  # what it still has to say would be taken for news of the next task
            raise

    def _use_what_is_there(self) -> None:
        """End tasks whose result is kept: a twin, or they themselves before a daemon was lost."""
        ledger = self._books.ledger
        for task in list(self._open.values()):
            if self._books.store.has(task.key or task.id):
                self._books.drafts.drop(task)
                once = task.attempts == 1
                self._end(task, partial(ledger.finish, task.id, self.owner, skipped=once))

    def _kept(self, task: Task, *, forced: bool) -> msgspec.Raw:
        """Return what an earlier attempt heard of a recording, and note how far that reaches."""
        draft = self._books.drafts.read(task, only_of_job=forced)
        if draft.end:
            self._heard[task.id] = draft.end
            self._renew()
        return draft.parts

    def _listen(self, child: wire.Child, order: str, job: str) -> None:
        """Follow an order until it is ended, one way or another."""
        watch = Watch(self._settings)
        while True:
            report = self._next(child)
            if isinstance(report, wire.Ended):
                self._give_up(VoicectlError("the recipe came to its end without a result"))
                return
            if self._whole_order_failed(report):
                return
            self._hear(report, watch)
            if self._quit.is_set():
                raise Leaving("the daemon leaves")
            if watch.asked is not None or (watch.look_due() and self._unwanted()):
                self._ask_to_stop(child, order, watch)
            if watch.stalled():
                raise TooSlow(
                    f"no progress for {self._settings.stall_seconds:g} s; it was stopped",
                    hint="try it again with: voicectl jobs retry " + job,
                )
            if watch.renewal_due():
                self._renew()

    def _unwanted(self) -> bool:
        return any(self._books.ledger.unwanted(task) for task in self._open)

    def _next(self, child: wire.Child) -> wire.Report | None:
        """Return the next report that is no result; results that came at once are kept at once."""
        finished: list[wire.Finished] = []
        try:
            while isinstance(
                report := child.report(0 if finished else LISTEN_SECONDS), wire.Finished
            ):
                finished.append(report)
        finally:
            self._keep(finished)  # also when the child is lost after it was done with them
        return report

    def _renew(self) -> None:
        lease = self._settings.lease_seconds
        try:
            for task in self._open:
                self._books.ledger.renew(task, self.owner, lease, self._heard.get(task, 0.0))
        except DiskFull as error:
            log.warning("%s", error.text)  # the sweeper knows that this hand holds the task

    def _hear(self, report: wire.Report | None, watch: Watch) -> None:
        if self._halfway.due():
            self._keep_steps(next(iter(self._open.values())))
            watch.moved()  # nobody listened while it was written
        if isinstance(report, wire.Alive):
            self._alive = report
        elif isinstance(report, wire.Progress | wire.Heard | wire.Kept | wire.Failed):
            watch.moved()
            self._begun = True
            task = self._open.get(report.task or "")
            if task is not None:
                self._hear_of(task, report)

    def _hear_of(
        self, task: Task, report: wire.Progress | wire.Heard | wire.Kept | wire.Failed
    ) -> None:
        if isinstance(report, wire.Progress):
            self._heard[task.id] = report.seconds
            self._books.tell(EventKind.TASK_PROGRESS, task, seconds=report.seconds)
        elif isinstance(report, wire.Heard):
            told = ("start", "end", "text", "speaker", "language", "confidence", "suspect")
            detail = {name: getattr(report.segment, name) for name in told}
            self._books.tell(EventKind.TASK_SEGMENT, task, **detail)
        elif isinstance(report, wire.Kept):
            try:
                self._books.drafts.add(task, report.part)
                self._further.add(task.id)
            except VoicectlError as error:
                log.warning("%s", error.text)  # the work itself can go on
        else:
            failed = VoicectlError(report.text, hint=report.hint)
            self._close(task, TaskState.FAILED, failed, report.code)

    def _whole_order_failed(self, report: wire.Report | None) -> bool:
        """True when the child gave up the order; what was open is closed or put back."""
        if not isinstance(report, wire.Failed) or report.task is not None:
            return False
        if report.code == "cancelled":
            self._put_back()
        else:
            self._give_up(VoicectlError(report.text, hint=report.hint), report.code)
        return True

    def _give_up(self, error: VoicectlError, code: str | None = None) -> None:
        """Close the task that failed; of several, nobody knows which, so each is tried alone."""
        if len(self._open) > 1:
            self._put_back(set(self._open) - self._further, text=error.text)
        for task in list(self._open.values()):
            self._close(task, TaskState.FAILED, error, code)

    def _ask_to_stop(self, child: wire.Child, order: str, watch: Watch) -> None:
        if watch.asked is None:
            watch.asked = time.monotonic()
            child.send(wire.Stop(order))
        elif time.monotonic() - watch.asked > POLITE_SECONDS:
            raise PutDown("it was ended because a task was cancelled")

    def _keep(self, finished: Sequence[wire.Finished]) -> None:
        """Write whole results: those that came together are on disk together."""
        whole: dict[str, tuple[Task, CallRecord]] = {}
        for one in finished:
            if (task := self._open.get(one.task)) is None:
                continue
            self._further.add(task.id)
            if one.whole:
                whole[task.id] = (task, one.record)
            else:
                self._halfway.reached(task, one.record)
        if not whole:
            return
        first = next(iter(whole.values()))[0]
        self._patiently(first, lambda: self._halfway.keep(whole))
        finish = partial(self._books.ledger.finish_all, tuple(whole), self.owner)
        said = {task.key: said_of(record) for task, record in whole.values()}
        self._patiently(first, lambda: self._books.end(finish, lambda task: said[task.key]))
        for task, _ in whole.values():
            self._let_go(task)

    def _keep_steps(self, task: Task) -> None:
        """Write what steps have found whose successors have not."""
        if self._halfway.holds:
            self._patiently(task, self._halfway.keep)

    def _last_chance(self, task: Task) -> bool:
        return self._books.ledger.deaths(task.id) >= self._settings.attempts

    def _after_death(self, error: WorkerDied) -> None:
        """Try again after a lost worker, until the recording itself must be the reason.

        Innocent recordings die with their worker too. Those that were worked on
        together are each tried alone from then on; and after the usual number of
        attempts each gets one more, in a process of its own.
        """
        ledger = self._books.ledger
        ours = isinstance(error, PutDown)
        blamed = set() if ours else {id_ for id_, task in self._open.items() if self._blame(task)}
        for task in list(self._open.values()):
            last = task.id in blamed and self._last_chance(task)
            if last and not ledger.unwanted(task.id):
                deaths = ledger.deaths(task.id) + 1
                hint = "look at the recording; try it again with: voicectl jobs retry " + task.job
                text = f"it took {deaths} workers down: {error.text}"
                self._close(task, TaskState.DEAD, WorkerDied(text, hint=hint))
        if self._open and not ours:
            log.warning("a worker was lost with %d tasks: %s", len(self._open), error.text)
        self._put_back(blamed, text=error.text)

    def _blame(self, task: Task) -> bool:
        """Return whether a lost worker may be the fault of a recording.

        Not when it came further: then it is slow, not deadly, and the machine loses its
        workers. Nor when nobody had begun with it, unless that happens time and again.
        """
        if task.id in self._further:
            return False
        return self._begun or task.attempts - self._books.ledger.deaths(task.id) > STILLBIRTHS

    def _put_back(self, blamed: Container[str] = (), **detail: object) -> None:
        """Return every open task to the queue; those that are unwanted end as cancelled."""
        for task in list(self._open.values()):
            died = task.id in blamed
            change = partial(self._books.ledger.release, task.id, self.owner, died=died)
            self._end(task, change, **detail)

    def _close(
        self, task: Task, state: TaskState, error: VoicectlError, code: str | None = None
    ) -> None:
        text, hint = error.text, error.hint
        if step := self._halfway.at(task):
            text = f"the step '{step}' failed: {text}"
            hint = hint or f"go on there with: voicectl jobs retry {task.job}"
        if self._halfway.readable(task):
            state = TaskState.PARTIAL
        problem = Problem(code or error.code, text, hint)
        change = partial(self._books.ledger.close_task, task.id, self.owner, state, problem)
        self._end(task, change)

    def _end(self, task: Task, change: Callable[[], list[Task]], **detail: object) -> None:
        self._keep_steps(task)  # before somebody else may go on with it
        self._patiently(task, lambda: self._books.end(change, lambda _: detail))
        self._let_go(task)

    def _let_go(self, task: Task) -> None:
        self._open.pop(task.id, None)
        self._heard.pop(task.id, None)
        self._further.discard(task.id)
        self._halfway.let_go(task)

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
