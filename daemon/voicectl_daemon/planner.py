"""Looks at every recording of a job before work starts: what is it, is it done already?"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from voicectl.errors import DiskFull, TooSlow, VoicectlError, from_wire
from voicectl.types import Audio, EventKind, Problem, Task, TaskState
from voicectl_daemon import bus, ids, wire
from voicectl_daemon.foreman import Foreman
from voicectl_daemon.hand import Books
from voicectl_models import pool
from voicectl_recipes import engine, load

LOOK_SECONDS = 120.0
"""How long one look may take; reading a file of many gigabytes is the slow part."""
UPLOAD = "upload:"
"""Begins the path of a recording that came through the door."""

log = logging.getLogger(__name__)


class Planner:
    """One thread and, while there are jobs to plan, one child that opens the recordings."""

    def __init__(self, books: Books, foreman: Foreman, models: Path, uploads: Path) -> None:
        self._books = books
        self._foreman = foreman
        self._models = models
        self._uploads = uploads
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
        self._rest()
        self._thread.join(LOOK_SECONDS)

    def wake(self) -> None:
        """Say that there is a job to plan."""
        self._wake.set()

    def resolve(self, plan: load.Plan) -> list[str]:
        """Return the digests of the weights a plan needs. Raises `ModelMissing`."""
        return engine.weights(
            plan, lambda wish: [found.sha256 for found in pool.candidates(wish, self._models)]
        )

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait()
            self._wake.clear()
            try:
                for job in self._books.ledger.unplanned():
                    self._plan(job)
            except DiskFull:
                self._wake.set()
                self._stopping.wait(2.0)
            self._rest()

    def _rest(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _plan(self, job: str) -> None:
        ledger = self._books.ledger
        steps, force, _ = ledger.wishes(job)
        plan = load.from_wire(steps)
        weights, digest = self.resolve(plan), engine.recipe_hash(plan)
        for task in ledger.tasks(job):
            if self._stopping.is_set():
                return
            if task.state is TaskState.NEW:
                self._place(task, digest, weights, force=force)
        ledger.planned(job)
        self._books.bus.publish(bus.planned(ledger.job(job), ledger.tasks(job)))
        self._foreman.ring(job)
        self._books.settle(job)

    def _place(self, task: Task, digest: str, weights: list[str], *, force: bool) -> None:
        ledger = self._books.ledger
        try:
            audio = self._look(task)
        except VoicectlError as error:
            if self._stopping.is_set():
                return
            problem = Problem(error.code, error.text, error.hint)
            self._books.tell_end(ledger.close_task(task.id, TaskState.FAILED, problem))
            return
        key = engine.result_key(task.tenant, audio.sha256, digest, weights)
        call = ids.of_call(task.tenant, audio.sha256)
        known = not force and self._books.store.has(key)
        ledger.looked_at(task.id, audio, key, call, known=known)
        if known and task.path.startswith(UPLOAD):
            Path(audio.path).unlink(missing_ok=True)
        placed = ledger.task(task.id)
        self._books.tell(
            EventKind.TASK_LOOKED_AT, placed, seconds=audio.seconds, skipped=placed.skipped
        )
        if known:
            self._books.tell_end(placed)

    def _look(self, task: Task) -> Audio:
        path = task.path
        if path.startswith(UPLOAD):
            path = str(self._uploads / path.removeprefix(UPLOAD))
        child = self._ready()
        child.send(wire.Look(path, task.name))
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            report = child.report(1.0)
            if isinstance(report, wire.Looked):
                return report.audio
            if isinstance(report, wire.Failed):
                raise from_wire(report.code, report.text, report.hint)
        self._rest()
        raise TooSlow(f"{task.name} could not be opened within {LOOK_SECONDS:.0f} s")

    def _ready(self) -> wire.Child:
        if self._child is None or not self._child.alive:
            self._child = wire.Child(str(self._models))
        return self._child
