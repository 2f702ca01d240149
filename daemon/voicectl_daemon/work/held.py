"""The tasks that a hand holds: what is heard of them, and the end that each of them comes to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Container, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from voicectl.config import Workers
from voicectl.errors import DiskFull, VoicectlError, WorkerDied
from voicectl.events import EventKind
from voicectl.types import CallRecord, Problem, Task, TaskState
from voicectl_daemon import ids, wire
from voicectl_daemon.books import Books
from voicectl_daemon.work.beginning import Beginnings
from voicectl_daemon.work.halfway import Halfway, said_of
from voicectl_recipes import dependence, load

T = TypeVar("T")

FULL_DISK_SECONDS = 2.0
"""How often what must be written is tried again while the disk is full."""
STILLBIRTHS = 8
"""How many workers may be lost before they began with a recording until it is blamed for it."""

log = logging.getLogger(__name__)


class PutDown(WorkerDied):
    """The child was ended by us: that is no fault of what it held."""


class Leaving(PutDown):
    """The daemon leaves; what was being done is done by the next one."""


class Held:
    """Claimed tasks of one job at a time; used by one hand."""

    def __init__(
        self, books: Books, settings: Workers, models: Path, quitting: threading.Event
    ) -> None:
        self.owner = ids.fresh(8)
        self.open: dict[str, Task] = {}
        self._plan: load.Plan = ()
        self._step: int | None = None
        """Which one is taken now."""
        self._heard: dict[str, float] = {}
        self._further: set[str] = set()
        """Tasks of which something was found for the first time since they were begun."""
        self._ever: dict[str, set[str]] = {}
        """By task the steps that were ever taken of it, however often it was begun."""
        self._lost: dict[str, dict[str, Problem]] = {}
        """By task the steps that took a worker down or too long, and are not tried again."""
        self._taken: dict[str, set[str]] = {}
        """By task the steps that were taken."""
        self._begun = False
        """True once the child has shown that it works on the order."""
        self._books = books
        self._settings = settings
        self._quitting = quitting
        self._beginnings = Beginnings(books, models)
        self._halfway = Halfway(books)

    def take(self, tasks: Sequence[Task]) -> None:
        """Hold these and no others."""
        self.open = {task.id: task for task in tasks}
        self._lost.clear()
        self._step = None

    def drop(self) -> None:
        """Hold nothing any more."""
        self.open = {}

    @property
    def first(self) -> Task:
        """One of them."""
        return next(iter(self.open.values()))

    @property
    def last_chance(self) -> bool:
        """True when they are to be worked on in a process of their own."""
        return self._last_chance(self.first)

    def use_what_is_there(self) -> None:
        """End tasks whose result is kept: a twin, or they themselves before a daemon was lost."""
        ledger = self._books.ledger
        for task in list(self.open.values()):
            if self._books.store.has(task.key or task.id):
                self._books.drafts.drop(task)
                once = task.attempts == 1
                self._end(task, partial(ledger.finish, task.id, self.owner, skipped=once))

    def order(self, steps: bytes, *, forced: bool) -> wire.Run:
        """Return what is to be done for them, by a recipe."""
        self._begun, self._step = False, None
        tasks = tuple(self.open.values())
        self._plan = load.from_wire(steps)
        beginnings = self._beginnings.of(tasks, self._plan, forced=forced)
        self._halfway.begin(self._plan, beginnings)
        self._taken = {each.task.id: _stages(each.record) for each in beginnings}
        return wire.Run(
            order=ids.fresh(),
            steps=steps,
            tasks=tuple(self.open),
            records=tuple(each.record for each in beginnings),
            kept=tuple(self._kept(task, forced=forced) for task in tasks),
            marks=tuple(each.marks for each in beginnings),
            lost=tuple(self._lost.get(task.id, {}) for task in tasks),
        )

    def _kept(self, task: Task, *, forced: bool) -> msgspec.Raw:
        """Return what an earlier attempt heard of a recording, and note how far that reaches."""
        draft = self._books.drafts.read(task, only_of_job=forced)
        if draft.end:
            self._heard[task.id] = draft.end
            self.renew()
        return draft.parts

    def tell_started(self) -> None:
        """Tell whoever listens that they are being worked on."""
        for task in self.open.values():
            done = self._heard.get(task.id, 0.0)
            self._books.tell(EventKind.TASK_STARTED, task, seconds=task.seconds, done=done)

    @property
    def unwanted(self) -> bool:
        """True when one of them was cancelled."""
        return any(self._books.ledger.unwanted(task) for task in self.open)

    def renew(self) -> None:
        """Keep the claims alive."""
        lease = self._settings.lease_seconds
        try:
            for task in self.open:
                self._books.ledger.renew(task, self.owner, lease, self._heard.get(task, 0.0))
        except DiskFull as error:
            log.warning("%s", error.text)  # the sweeper knows that this hand holds the task

    # what the child tells

    def begin_step(self, begun: wire.Begun) -> float:
        """Note that a step is begun; return for how many seconds it may go on."""
        self._step = begun.number
        self._begun |= begun.number > 0  # in the first one models are loaded for a while
        allowed = self._plan[begun.number].seconds
        return sum(
            self._usual(self.open[task]) if allowed is None else allowed
            for task in begun.tasks
            if task in self.open
        )

    def _usual(self, task: Task) -> float:
        settings = self._settings
        return settings.step_seconds + settings.step_times * (task.seconds or 0.0)

    def keep_when_due(self) -> bool:
        """Write what steps have found and should not be lost; True when that was done now."""
        due = self._halfway.due()
        if due:
            self._keep_steps(self.first)
        return due

    def hear(self, report: wire.Progress | wire.Heard | wire.Kept | wire.Failed) -> None:
        """Take in what the child tells of one of them."""
        self._begun = True
        task = self.open.get(report.task or "")
        if task is None:
            return
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
            problem = Problem(report.code, report.text, report.hint)
            self._close(task, problem, report.number, report.without)

    def keep(self, finished: Sequence[wire.Finished]) -> None:
        """Write whole results: those that came together are on disk together."""
        whole: dict[str, tuple[Task, CallRecord]] = {}
        for one in finished:
            if (task := self.open.get(one.task)) is None:
                continue
            self._taken[task.id] = taken = _stages(one.record)
            ever = self._ever.setdefault(task.id, set())
            if taken - ever:
                # One that is taken once more is no way on: what comes behind a step that was
                # given up, and would have changed it, is taken anew whenever the task is begun.
                self._further.add(task.id)
                ever |= taken
            self._halfway.masked(task, one.original)
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
            self._ever.pop(task.id, None)
            self._let_go(task)

    # how they end

    def give_up(self, problem: Problem) -> None:
        """Close the task that failed; of several, nobody knows which, so each is tried alone."""
        if len(self.open) > 1:
            self.put_back(set(self.open) - self._further, text=problem.text)
        elif self.open:
            self._lose(self.first, problem)

    def after_death(self, error: WorkerDied) -> None:
        """Try again after a lost worker, until the recording itself must be the reason.

        Innocent recordings die with their worker too. Those that were worked on
        together are each tried alone from then on; and after the usual number of
        attempts each gets one more, in a process of its own.
        """
        ledger = self._books.ledger
        ours = isinstance(error, PutDown)
        blamed = set() if ours else {id_ for id_, task in self.open.items() if self._blame(task)}
        if self.open and not ours:
            log.warning("a worker was lost with %d tasks: %s", len(self.open), error.text)
        for task in list(self.open.values()):
            last = task.id in blamed and ledger.deaths(task.id) >= self._spared(task)
            if last and not ledger.unwanted(task.id):
                deaths = ledger.deaths(task.id) + 1
                hint = "look at the recording; try it again with: voicectl jobs retry " + task.job
                text = f"it took {deaths} workers down: {error.text}"
                self._lose(task, Problem(error.code, text, hint))
                return  # it was alone
        self.put_back(blamed, text=error.text)

    def _last_chance(self, task: Task) -> bool:
        return self._books.ledger.deaths(task.id) >= self._settings.attempts

    def _spared(self, task: Task) -> int:
        """Return how many lost workers a recording is forgiven.

        More than the usual number where others lose theirs: that is a machine that loses
        workers. At most twice as many, for several may be deadly.
        """
        usual = self._settings.attempts
        return usual + min(usual, self._books.ledger.others_lost(task))

    def _blame(self, task: Task) -> bool:
        """Return whether a lost worker may be the fault of a recording.

        Not when it came further: then it is slow, not deadly, and the machine loses its
        workers. Nor when nobody had begun with it, unless that happens time and again.
        """
        if task.id in self._further:
            return False
        return self._begun or task.attempts - self._books.ledger.deaths(task.id) > STILLBIRTHS

    def put_back(self, blamed: Container[str] = (), **detail: object) -> None:
        """Return every task to the queue; those that are unwanted end as cancelled."""
        for task in list(self.open.values()):
            died = task.id in blamed
            change = partial(self._books.ledger.release, task.id, self.owner, died=died)
            self._end(task, change, **detail)

    def _lose(self, task: Task, problem: Problem) -> None:
        """Give a step up that ended the child: the task stays open while others can be taken."""
        names = dependence.stages(self._plan)
        lost = self._lost.setdefault(task.id, {})
        if self._step is None or names[self._step] in lost:
            self._close(task, problem, 0)
            return
        lost[names[self._step]] = problem
        taken = self._taken[task.id]
        if dependence.possible(self._plan, taken, lost):
            self._keep_steps(task)
            return
        first = next(name for name in names if name in lost)
        without = [name for name in names if name not in taken]
        self._close(task, lost[first], names.index(first), without)

    def _close(
        self, task: Task, problem: Problem, number: int, without: Sequence[str] = ()
    ) -> None:
        died = problem.code == WorkerDied.code
        state = TaskState.DEAD if died else TaskState.FAILED
        if self._halfway.readable(task):
            state = TaskState.PARTIAL
        if number:
            problem = self._of_step(task, problem, number, without)
        change = partial(self._books.ledger.close_task, task.id, self.owner, state, problem)
        self._end(task, change)
        self._ever.pop(task.id, None)

    def _of_step(
        self, task: Task, problem: Problem, number: int, without: Sequence[str]
    ) -> Problem:
        """Return what is told when others were taken before a step that failed."""
        name = dependence.stages(self._plan)[number]
        text = f"the step '{name}' failed: {problem.text}"
        if others := [each for each in without if each != name]:
            text += f"; not done either: {', '.join(others)}"
        hint = problem.hint or f"go on there with: voicectl jobs retry {task.job}"
        return Problem(problem.code, text, hint)

    def _end(self, task: Task, change: Callable[[], list[Task]], **detail: object) -> None:
        self._keep_steps(task)  # before somebody else may go on with it
        self._patiently(task, lambda: self._books.end(change, lambda _: detail))
        self._let_go(task)

    def _keep_steps(self, task: Task) -> None:
        """Write what steps have found whose successors have not."""
        if self._halfway.holds:
            self._patiently(task, self._halfway.keep)

    def _let_go(self, task: Task) -> None:
        self.open.pop(task.id, None)
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
                if self._quitting.wait(FULL_DISK_SECONDS):
                    raise Leaving(error.text) from error


def _stages(record: CallRecord) -> set[str]:
    return {step.stage for step in record.done}
