"""One pair of hands: a child process, and the tasks that are in it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from voicectl.config import Workers
from voicectl.errors import TooSlow, VoicectlError, WorkerDied
from voicectl.types import Problem, Task, WorkerStatus
from voicectl_daemon import teaching, unforeseen, wire
from voicectl_daemon.books import Books
from voicectl_daemon.work.held import Held, Leaving, PutDown
from voicectl_daemon.work.watch import Watch

LISTEN_SECONDS = 0.5
"""How long to wait for a report before looking at everything else."""
ANSWER_SECONDS = 10.0
"""How long a child that has nothing to do may take to say so..."""
BEGIN_SECONDS = 60.0
"""...and one that is just started."""
SILENT_SECONDS = 60.0
"""How long one that works may say nothing, not even that it is there, as it does every 2 s."""
POLITE_SECONDS = 3.0
"""How long a child may take to give up a task before it is ended."""

log = logging.getLogger(__name__)


class Hand:
    """Works through tasks, short ones several at a time; used by one thread, watched by others."""

    def __init__(
        self, books: Books, settings: Workers, models_folder: str, *, yields: bool
    ) -> None:
        """`yields`: the child gives way to calls in progress."""
        self._books = books
        self._settings = settings
        self._models_folder, self._yields = models_folder, yields
        self._child: wire.Child | None = None
        self._starting = threading.Lock()
        self._idle_since = time.monotonic()
        self._alive = wire.Alive(0, ())
        self._heard = time.monotonic()
        self._quit = threading.Event()
        self._held = Held(books, settings, Path(models_folder), self._quit)

    @property
    def owner(self) -> str:
        """The name under which it claims tasks."""
        return self._held.owner

    @property
    def held(self) -> tuple[str, ...]:
        """The tasks that are being worked on."""
        return tuple(self._held.open)

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

    @property
    def started(self) -> bool:
        """True when there is a child."""
        child = self._child
        return child is not None and child.alive

    def silent_for(self) -> float:
        """Return for how many seconds nothing came from a child that works; 0 when none does."""
        return time.monotonic() - self._heard if self._held.open else 0.0

    def _idle_left(self) -> float | None:
        keep = self._settings.idle_seconds
        return None if keep is None else max(0.0, self._idle_since + keep - time.monotonic())

    @property
    def idle_too_long(self) -> bool:
        """True when the child has had nothing to do for as long as it may keep its models."""
        return self._child is not None and not self._held.open and self._idle_left() == 0

    def warm(self) -> wire.Child:
        """Start the child before there is work for it. Raises `WorkerDied`."""
        with self._starting:
            if self._quit.is_set():
                raise Leaving("the daemon leaves")
            if self._child is None or not self._child.alive:
                if self._child is not None:
                    self._child.kill()
                self._alive = wire.Alive(0, ())
                self._child = wire.Child(self._models_folder, yields=self._yields)
                self._idle_since = time.monotonic()
            return self._child

    def ask(self, word: str, stopping: threading.Event) -> None:
        """Have the child say a word. Only for the thread that holds this hand, between tasks.

        Raises `WorkerDied` for one that does not, and then it is ended.
        """
        patience = ANSWER_SECONDS if self.started else BEGIN_SECONDS
        child = self.warm()
        child.send(wire.Echo(word))
        end = time.monotonic() + patience
        while time.monotonic() < end and not stopping.is_set():
            report = child.report(LISTEN_SECONDS)
            if isinstance(report, wire.Alive):
                self._alive = report
            elif report == wire.Echoed(word):
                return
        child.kill()
        raise WorkerDied(f"a worker did not answer for {patience:.0f} s, and was ended")

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
        self._heard = time.monotonic()
        self._held.take(tasks)
        try:
            while self._held.open:  # a task without one of its steps needs another order
                self._try_once()
        finally:
            self._held.drop()
            self._idle_since = time.monotonic()
        self._watch_weight()

    def _try_once(self) -> None:
        try:
            self._try()
        except WorkerDied as error:
            self._held.after_death(error)
        except VoicectlError as error:
            self._held.give_up(_problem(error))
        except Exception as error:  # noqa: BLE001, one recording must not end the hand
            unforeseen.write(log, "unexpected at a task", error)
            self._held.give_up(Problem(VoicectlError.code, unforeseen.sentence(error)))

    def _watch_weight(self) -> None:
        """Let a child go that has grown too large; only that gives all memory back."""
        limit, child = self._settings.memory_bytes, self._child
        if limit is None or child is None or (memory := child.memory()) <= limit:
            return
        log.info("a worker of %d MB is replaced by a fresh one", memory // 1_000_000)
        self.dismiss()

    def _try(self) -> None:
        held = self._held
        job = held.first.job
        wishes = self._books.ledger.wishes(job)
        if not wishes.force:
            held.use_what_is_there()
        if not held.open:
            return
        models, tenant = Path(self._models_folder), held.first.tenant
        steps = teaching.taught(self._books.store, models, tenant, wishes.steps)
        order = held.order(steps, forced=wishes.force)
        if held.last_chance:
            self.dismiss()
        child = self.warm()
        held.tell_started()
        try:
            child.send(order)
            self._listen(child, order.order, job)
        except BaseException:
            child.kill()  # what it still has to say would be taken for news of the next task
            raise

    def _listen(self, child: wire.Child, order: str, job: str) -> None:
        """Follow an order until it is ended, one way or another."""
        watch = Watch(self._settings)
        while True:
            child.give_up_after(SILENT_SECONDS)
            report = self._next(child)
            if isinstance(report, wire.Ended):
                self._held.give_up(
                    Problem(VoicectlError.code, "the recipe came to its end without a result")
                )
                return
            if isinstance(report, wire.Failed) and report.task is None:
                self._order_failed(report)
                return
            self._hear(report, watch)
            if self._quit.is_set():
                raise Leaving("the daemon leaves")
            if watch.asked is not None or (watch.look_due() and self._held.unwanted):
                self._ask_to_stop(child, order, watch)
            if why := watch.too_slow():
                raise TooSlow(why, hint="try it again with: voicectl jobs retry " + job)
            if watch.renewal_due():
                self._held.renew()

    def _next(self, child: wire.Child) -> wire.Report | None:
        """Return the next report that is no result; results that came at once are kept at once."""
        finished: list[wire.Finished] = []
        try:
            while isinstance(
                report := child.report(0 if finished else LISTEN_SECONDS), wire.Finished
            ):
                finished.append(report)
        finally:
            self._held.keep(finished)  # also when the child is lost after it was done with them
        if report is not None or finished:
            self._heard = time.monotonic()
        return report

    def _hear(self, report: wire.Report | None, watch: Watch) -> None:
        if self._held.keep_when_due():
            watch.moved()  # nobody listened while it was written
        if isinstance(report, wire.Alive):
            self._alive = report
        elif isinstance(report, wire.Begun):
            watch.step(self._held.begin_step(report))
        elif isinstance(report, wire.Progress | wire.Heard | wire.Kept | wire.Failed):
            watch.moved()
            self._held.hear(report)

    def _order_failed(self, report: wire.Failed) -> None:
        """Close what was open, or put it back."""
        if report.code == "cancelled":
            self._held.put_back()
        else:
            self._held.give_up(Problem(report.code, report.text, report.hint))

    def _ask_to_stop(self, child: wire.Child, order: str, watch: Watch) -> None:
        if watch.asked is None:
            watch.asked = time.monotonic()
            child.send(wire.Stop(order))
        elif time.monotonic() - watch.asked > POLITE_SECONDS:
            raise PutDown("it was ended because a task was cancelled")


def _problem(error: VoicectlError) -> Problem:
    return Problem(error.code, error.text, error.hint)
