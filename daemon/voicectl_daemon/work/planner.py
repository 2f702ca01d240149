"""Looks at every recording of a job before work starts: what is it, is it done already?"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

from voicectl.config import Config
from voicectl.errors import DiskFull, NotFound, TooSlow, VoicectlError, WorkerDied, from_wire
from voicectl.interfaces import TranscribeOptions, Wish
from voicectl.types import Audio, Problem, Task, TaskState
from voicectl_daemon import fitness, ids, leaving, nameless, roles, unforeseen, wire
from voicectl_daemon.books import Books
from voicectl_daemon.rows import Wishes
from voicectl_daemon.uploads import Uploads
from voicectl_daemon.work.foreman import Foreman
from voicectl_models import pool, prompt
from voicectl_recipes import engine, load

LOOK_SECONDS = 60.0
"""How long a look may take without a sign of progress."""
STOP_SECONDS = 10.0

log = logging.getLogger(__name__)


class Dropped(VoicectlError):
    """Nobody wants to know any more."""


class Planner:
    """One thread and, while there are jobs to plan, one child that opens the recordings."""

    def __init__(
        self, books: Books, foreman: Foreman, models: Path, uploads: Uploads, settings: Config
    ) -> None:
        self._books = books
        self._foreman = foreman
        self._models = models
        self._uploads = uploads
        self._settings = settings
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._child: wire.Child | None = None
        self._thread = threading.Thread(target=self._serve, name="planner", daemon=True)

    def start(self) -> None:
        """Plan what an earlier daemon left unplanned, then what comes."""
        self._wake.set()
        self._thread.start()

    def stop(self) -> None:
        """Stop; a job that is half planned is planned by the next daemon."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(STOP_SECONDS)

    def wake(self) -> None:
        """Say that there is a job to plan."""
        self._wake.set()

    def resolve(self, plan: load.Plan) -> list[str]:
        """Return the digests of the weights a plan needs.

        Raises `ModelMissing`, and `LeavesPremises` for a runner that the site did not allow.
        """
        leaving.check(plan, self._settings.premises)
        return engine.weights(plan, self._digests)

    def _digests(self, wish: Wish) -> list[str]:
        return [found.sha256 for found in pool.candidates(wish, self._models)]

    def faults(self, plan: load.Plan) -> list[VoicectlError]:
        """Return all errors for which `resolve` would raise the first; each is told once."""
        return fitness.of_plan(plan, self._settings.premises, self._models)

    def notes(self, plan: load.Plan) -> tuple[str, ...]:
        """Return what a user must know before the work begins. Raises `UsageError`."""
        told = [
            note
            for step in plan
            if isinstance(step.options, TranscribeOptions)
            for wish in step.stage.wishes(step.options)
            for found in pool.candidates(wish, self._models)
            for note in prompt.notes(step.options, found.folder)
        ]
        return tuple(dict.fromkeys(told))

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                for job in self._books.ledger.unplanned():
                    self._plan(job)
            except DiskFull as error:
                log.warning("%s", error.text)
                self._wake.set()
                self._stopping.wait(2.0)
            except Exception as error:  # noqa: BLE001, the next job is planned
                unforeseen.write(log, "unexpected while planning", error)
                self._wake.set()
                self._stopping.wait(10.0)
            self._rest()

    def _rest(self) -> None:
        if self._child is not None:
            self._child.leave()
            self._child = None

    def _plan(self, job: str) -> None:
        ledger = self._books.ledger
        try:
            wishes = ledger.wishes(job)
        except NotFound:
            return  # its calls were deleted, and it with them
        self._place_all(job, wishes)
        if self._stopping.is_set():
            return
        if self._books.planned(job):
            self._foreman.ring(job)
        elif job in ledger.unplanned():
            self._wake.set()  # a retry came in between

    def _place_all(self, job: str, wishes: Wishes) -> None:
        try:
            plan = load.from_wire(wishes.steps)
            weights, digest = self.resolve(plan), engine.recipe_hash(plan)
        except VoicectlError as error:
            # The recipe or the models are not what they were when the job was accepted.
            while task := self._next(job):
                self._refuse(task, TaskState.FAILED, error)
        else:
            while task := self._next(job):
                self._place(task, digest, weights, force=wishes.force)

    def _next(self, job: str) -> Task | None:
        return None if self._stopping.is_set() else self._books.ledger.next_new(job)

    def _place(self, task: Task, digest: str, weights: list[str], *, force: bool) -> None:
        books = self._books
        try:
            audio = roles.told(replace(self._look(task), name=task.name), self._settings.roles)
        except Dropped:
            return
        except VoicectlError as error:
            died = isinstance(error, WorkerDied)
            self._refuse(task, TaskState.DEAD if died else TaskState.FAILED, error)
            return
        key = engine.result_key(task.tenant, audio.sha256, digest, weights, roles.parties(audio))
        call = ids.of_call(task.tenant, audio.sha256)
        if self._settings.redaction.mask_names:
            audio = nameless.audio(audio)
        with books.placing:
            known = not force and books.store.has(key)
            books.place(lambda: books.ledger.looked_at(task.id, audio, key, call, known=known))

    def _refuse(self, task: Task, state: TaskState, error: VoicectlError) -> None:
        problem = Problem(error.code, error.text, error.hint)
        self._books.end(lambda: self._books.ledger.close_task(task.id, None, state, problem))

    def _called(self, task: Task) -> str:
        """Return what may be told of a recording's name."""
        masks = self._settings.redaction.mask_names
        return nameless.masked_name(task.name) if masks else task.name

    def _look(self, task: Task) -> Audio:
        """Return what a recording is; one that takes its child down gets several chances."""
        path = self._uploads.place(task.path)
        attempts = self._settings.workers.attempts
        for chance in range(attempts, -1, -1):
            try:
                return self._ask(wire.Look(path, self._called(task)), task)
            except WorkerDied as error:
                log.warning("task %s lost its process while it was looked at", task.id)
                if not chance:
                    text = f"it took {attempts + 1} processes down: {error.text}"
                    raise WorkerDied(text, hint=error.hint) from error
        raise AssertionError("the last chance returns or raises")

    def _ask(self, look: wire.Look, task: Task) -> Audio:
        if self._child is None or not self._child.alive:
            self._rest()
            self._child = wire.Child(str(self._models))
        child = self._child
        try:
            child.send(look)
            report = self._hear(child, task)
        except BaseException:
            child.kill()
            raise
        if isinstance(report, wire.Failed):
            raise from_wire(report.code, report.text, report.hint)
        return report.audio

    def _hear(self, child: wire.Child, task: Task) -> wire.Looked | wire.Failed:
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            report = child.report(0.5)
            if isinstance(report, wire.Looked | wire.Failed):
                return report
            if isinstance(report, wire.Progress):
                end = time.monotonic() + LOOK_SECONDS
            first = self._next(task.job)
            if first is None or first.id != task.id:
                raise Dropped("it was cancelled, or the daemon leaves")
        raise TooSlow(f"{self._called(task)} could not be opened within {LOOK_SECONDS:.0f} s")
