"""Calls by their meaning: segments as vectors, kept in the store, compared by it.

The model works in a child process that is started for a question and let go a
while after the last one. Vectors are of the text that the store shows, masked
where that is masked, and go with it.
"""

from __future__ import annotations

import threading
import time
from array import array
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path

from voicectl.errors import TooSlow, UsageError, VoicectlError, from_wire
from voicectl.meaning import Indexed, Near, Similar
from voicectl_daemon import vectors, wire
from voicectl_daemon.store import Store

IDLE_SECONDS = 60.0
"""How long the child stays for the next question."""
SILENT_SECONDS = 60.0
"""How long the child may show no sign of progress."""
TOGETHER, TEXTS = 8, 1000
"""Calls that are read at once, and about how many texts: a long call is read alone."""


class Meanings:
    """Reads calls for their meaning, and finds those that are near; any thread may ask."""

    def __init__(self, store: Store, models: Path) -> None:
        self._store = store
        self._models = models
        self._asking = threading.Lock()
        self._child: wire.Child | None = None
        self._last = 0.0
        self._leaving = threading.Event()

    def _model(self) -> str:
        return vectors.weights(self._models)

    def index(self, tenant: str, seconds: float) -> Indexed:
        """Read calls that were not read yet, for about so long: unless that is 0, some at least."""
        model, end, done = self._model(), time.monotonic() + seconds, 0
        while True:
            waiting = _some(vectors.waiting(self._store, tenant, model, TOGETHER))
            if not waiting or not seconds or (done and time.monotonic() >= end):
                return Indexed(done, vectors.left(self._store, tenant, model))
            self._read(waiting, tenant, model)
            done += len(waiting)

    def know(self, tenant: str, call: str) -> None:
        """Read one call, if it was not read yet."""
        model = self._model()
        self._read(vectors.waiting(self._store, tenant, model, 1, call), tenant, model)

    def _read(self, waiting: Sequence[vectors.Unread], tenant: str, model: str) -> None:
        if waiting:
            found = self._embed([each.texts for each in waiting])
            vectors.keep(self._store, tenant, model, waiting, found)

    def search(self, tenant: str, text: str, limit: int) -> list[Near]:
        """Return the segments whose meaning is nearest to a text."""
        if not text.strip():
            raise UsageError("there is nothing to search for")
        (asked,) = self._embed([[text]])
        return vectors.near(self._store, tenant, self._model(), array("b", asked.vectors), limit)

    def similar(self, tenant: str, call: str, limit: int) -> list[Similar]:
        """Return the calls that are nearest to one, with the segments that are most alike."""
        self.know(tenant, call)
        return vectors.similar(self._store, tenant, self._model(), call, limit)

    def _embed(self, texts: Sequence[Sequence[str]]) -> tuple[wire.Meant, ...]:
        with self._asking:
            if self._child is None or not self._child.alive:
                self._child = wire.Child(str(self._models))
            try:
                self._child.send(wire.Embed(tuple(map(tuple, texts))))
                report = self._hear(self._child)
            except BaseException:
                self._child.kill()
                self._child = None
                raise
            self._last = time.monotonic()
        if isinstance(report, wire.Failed):
            raise from_wire(report.code, report.text, report.hint)
        return report.calls

    def _hear(self, child: wire.Child) -> wire.Embedded | wire.Failed:
        end = time.monotonic() + SILENT_SECONDS
        while time.monotonic() < end:
            if self._leaving.is_set():
                raise VoicectlError("the daemon leaves", hint="ask again")
            report = child.report(0.5)
            if isinstance(report, wire.Embedded | wire.Failed):
                return report
            if isinstance(report, wire.Progress):
                end = time.monotonic() + SILENT_SECONDS
        raise TooSlow(f"no vectors came within {SILENT_SECONDS:.0f} s", hint="try again")

    def let_go(self) -> None:
        """Let the child go when nobody has asked for a while."""
        if self._asking.acquire(blocking=False):  # else somebody asks right now
            with ExitStack() as held:
                held.callback(self._asking.release)
                if time.monotonic() - self._last > IDLE_SECONDS:
                    self._part()

    def stop(self) -> None:
        """Let the child go, whatever it is at."""
        self._leaving.set()
        with self._asking:
            self._part()

    def _part(self) -> None:
        if self._child is not None:
            self._child.leave()
            self._child = None


def _some(waiting: Sequence[vectors.Unread]) -> Sequence[vectors.Unread]:
    """Return the first of them, at least one, that are not too much to be read at once."""
    texts = accumulate(len(each.texts) for each in waiting)
    return waiting[: max(1, sum(count <= TEXTS for count in texts))]
