"""The child that reads calls in progress: a worker of their own, behind all others.

It owns the models and runs native code, so that neither can take the daemon
along.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from voicectl.errors import TooSlow, WorkerDied, from_wire
from voicectl.types import CallRecord
from voicectl_daemon import ids, wire
from voicectl_recipes import load

LONGEST_SECONDS = 120.0
"""How long one call may take; the child is lost then."""
NOTHING_KEPT = msgspec.Raw(b"[]")


class Thinking:
    """Used by one thread."""

    def __init__(self, models: Path, stopping: threading.Event, alive: Callable[[], None]) -> None:
        self._models = models
        self._alive = alive
        self._stopping = stopping
        self._child: wire.Child | None = None

    def run(self, plan: load.Plan, record: CallRecord) -> tuple[CallRecord, list[wire.Failed]]:
        """Return what the steps of a plan make of a record, and which failed.

        A child that is lost is replaced once. Raises `WorkerDied`, `TooSlow`, and whatever made
        all of it fail.
        """
        order = wire.Run(
            order=ids.fresh(),
            steps=load.to_wire(plan),
            tasks=(record.id,),
            records=(record,),
            kept=(NOTHING_KEPT,),
            marks=((),),
            lost=({},),
        )
        try:
            return self._asked(order, record)
        except WorkerDied:
            if self._stopping.is_set():
                raise
            return self._asked(order, record)

    def _asked(self, order: wire.Run, record: CallRecord) -> tuple[CallRecord, list[wire.Failed]]:
        try:
            child = self._ready()
            child.send(order)
            return self._answer(child, record)
        except (WorkerDied, TooSlow):
            self.let_go(at_once=True)
            raise

    def let_go(self, *, at_once: bool = False) -> None:
        """Let the child go, and the models with it."""
        child, self._child = self._child, None
        if child is not None:
            child.kill() if at_once else child.leave()

    def _ready(self) -> wire.Child:
        if self._child is None or not self._child.alive:
            self._child = wire.Child(str(self._models), yields=True)
        return self._child

    def _answer(
        self, child: wire.Child, record: CallRecord
    ) -> tuple[CallRecord, list[wire.Failed]]:
        end = time.monotonic() + LONGEST_SECONDS
        failed: list[wire.Failed] = []
        while time.monotonic() < end:
            if self._stopping.is_set():
                raise WorkerDied("the daemon leaves")
            self._alive()
            report = child.report(0.2)
            if isinstance(report, wire.Finished):
                record = report.record
            elif isinstance(report, wire.Ended):
                return record, failed
            elif isinstance(report, wire.Failed):
                if report.task is None:
                    raise from_wire(report.code, report.text, report.hint)
                failed.append(report)
        raise TooSlow(f"reading a call took longer than {LONGEST_SECONDS:.0f} s")
