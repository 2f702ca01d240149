"""The child that owns models: takes one order at a time and reports what it hears.

    python -m voicectl_daemon.worker SOCKET MODELS NICE

Native code lives here, where it may crash without taking anything along. The
child ends when the daemon does.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import logging
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

import msgspec
import psutil

from voicectl import parse
from voicectl.embedding import EmbedOptions
from voicectl.errors import Cancelled, RecordingError, VoicectlError, from_wire
from voicectl.interfaces import (
    ChannelsWish,
    Recording,
)
from voicectl.types import Audio, Part, Segment
from voicectl_daemon import parent, unforeseen, wire
from voicectl_models import decode, recording, segment_vectors
from voicectl_models.lending import Lending
from voicectl_models.pool import Pool
from voicectl_recipes import engine, load

ALIVE_SECONDS = 2.0
"""How often the child tells how it is."""
BLOCK = 1 << 24
"""Bytes that are read at a time to find the digest of a recording."""

log = logging.getLogger(__name__)

_Order: TypeAlias = wire.Look | wire.Embed | wire.Run | wire.Echo


class Worker:
    """Serves one line to the daemon."""

    def __init__(self, line: Connection, models_folder: Path) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._orders: queue.Queue[_Order] = queue.Queue()
        self._stopped: set[str] = set()
        self._pool = Pool(models_folder, self._tell_alive)

    def serve(self) -> None:
        """Work until the daemon goes away."""
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._stay_alive, daemon=True).start()
        while True:
            order = self._orders.get()
            try:
                self._do(order)
            except VoicectlError as error:
                self.tell(wire.Failed(error.code, error.text, error.hint))
            except MemoryError:
                os.abort()
            except Exception as error:  # noqa: BLE001, one recording must not end the child
                log.warning("unexpected %s", unforeseen.place(error))
                self.tell(wire.Failed("error", unforeseen.sentence(error), ""))
            if isinstance(order, wire.Run):
                del order
                give_back()

    def tell(self, report: wire.Report) -> None:
        """Send a report; several threads do. Without a daemon there is nothing left to do."""
        try:
            with self._sending:
                wire.send(self._line, report)
        except OSError:
            os._exit(0)

    def _do(self, order: _Order) -> None:
        alive = partial(self.tell, wire.Progress(0.0))
        if isinstance(order, wire.Look):
            self.tell(wire.Looked(look(order.path, order.name, alive)))
            return
        if isinstance(order, wire.Embed):
            meant = segment_vectors.of(self._pool.embedder(EmbedOptions(), alive), order.calls)
            self.tell(wire.Embedded(tuple(wire.Meant(*each) for each in meant)))
            return
        if isinstance(order, wire.Echo):
            self.tell(wire.Echoed(order.word))
            return
        plan = load.from_wire(order.steps)
        tools = Lent(self, self._pool, order, quiet=load.masks(plan))
        for news in engine.run(plan, order.records, tools, _before(order)):
            self.tell(_report(news, order.tasks))
        self.tell(wire.Ended())

    def stopped(self, order: str) -> bool:
        """True when the daemon no longer wants this order."""
        return order in self._stopped

    def _listen(self) -> None:
        try:
            while True:
                order = wire.read_order(self._line)
                if isinstance(order, wire.Stop):
                    self._stopped.add(order.order)
                else:
                    self._orders.put(order)
        except (EOFError, OSError):
            os._exit(0)

    def _stay_alive(self) -> None:
        pause = threading.Event()
        while not pause.wait(ALIVE_SECONDS):
            self._tell_alive()

    def _tell_alive(self) -> None:
        memory = psutil.Process().memory_info().rss
        self.tell(wire.Alive(memory, self._pool.loaded))


class Lent(Lending):
    """The tools of a stage while it works on one order of the daemon."""

    def __init__(self, worker: Worker, pool: Pool, order: wire.Run, *, quiet: bool) -> None:
        super().__init__(pool)
        self._worker = worker
        self._quiet = quiet
        """True when words may be told only masked, which takes the whole call."""
        self._order = order

    def recording(self, audio: Audio, channels: ChannelsWish, piece_seconds: float) -> Recording:
        """Open a recording that is read piece by piece, if it is still what was looked at."""
        if digest(audio.path, audio.name, self._go_on) != audio.sha256:
            raise RecordingError(
                f"{audio.name} was changed after it was looked at",
                hint="when it is complete, ask for it again",
            )
        return recording.Recorded(audio, channels, piece_seconds, self._go_on)

    def _go_on(self) -> None:
        self.heed()
        self._worker.tell(wire.Progress(0.0))

    def segment(self, record: int, segment: Segment) -> None:
        """Tell listeners of a segment."""
        if self._quiet:
            return
        self._worker.tell(wire.Heard(self._order.tasks[record], segment))

    def progress(self, record: int, seconds: float) -> None:
        """Tell how far the work is."""
        self._worker.tell(wire.Progress(round(seconds, 3), self._order.tasks[record]))

    def heed(self) -> None:
        """Give up when nobody wants the work any more."""
        if self._worker.stopped(self._order.order):
            raise Cancelled("cancelled")

    def keep(self, record: int, part: Part) -> None:
        """Give the daemon something to keep."""
        raw = msgspec.Raw(msgspec.json.encode(part))
        self._worker.tell(wire.Kept(self._order.tasks[record], raw))

    def kept(self, record: int) -> Sequence[Part]:
        """Return what was kept when the work was broken off."""
        try:
            return parse.json(self._order.kept[record], tuple[Part, ...])
        except msgspec.DecodeError:
            return ()  # it was written by another version


def _before(order: wire.Run) -> list[engine.Before]:
    return [
        engine.Before(
            marks, {step: from_wire(why.code, why.text, why.hint) for step, why in lost.items()}
        )
        for marks, lost in zip(order.marks, order.lost, strict=True)
    ]


def _report(news: engine.News, tasks: Sequence[str]) -> wire.Report:
    if isinstance(news, engine.Begun):
        return wire.Begun(news.number, tuple(tasks[index] for index in news.indices))
    if isinstance(news, engine.Reached):
        return wire.Finished(tasks[news.index], news.record, news.whole, news.original)
    error = news.error
    if not isinstance(error, VoicectlError):
        log.warning("unexpected %s", unforeseen.place(error))
        error = VoicectlError(unforeseen.sentence(error))
    without = tuple(news.without)
    return wire.Failed(error.code, error.text, error.hint, tasks[news.index], news.number, without)


def look(path: str, name: str, alive: Callable[[], None]) -> Audio:
    """Return what a recording is: its shape, and the digest of its content."""
    shape = decode.probe(path, name)
    return Audio(
        path=path,
        name=name,
        seconds=shape.seconds or 0.0,
        rate=shape.rate,
        channels=shape.channels,
        codec=shape.codec,
        sha256=digest(path, name, alive),
    )


def digest(path: str, name: str, alive: Callable[[], None]) -> str:
    """Return the SHA-256 of a recording.

    `alive` is called now and then: a large file on a slow disk is no stuck one.
    """
    found = hashlib.sha256()
    with decode.content(path, name) as file:
        while block := file.read(BLOCK):
            found.update(block)
            alive()
    return found.hexdigest()


def give_back() -> None:
    """Give memory that is no longer used back to the system, where its C library can.

    Else what was left over between two orders stays in the holes of the heap, and
    the process grows with every order that does not fit into them.
    """
    with contextlib.suppress(AttributeError):  # only glibc has it
        ctypes.CDLL(None).malloc_trim(0)


def main() -> None:
    """Serve the line whose descriptor is the first argument."""
    parent.begin("worker", yields=int(sys.argv[3]), ignored=(signal.SIGINT,))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    Worker(Connection(int(sys.argv[1])), Path(sys.argv[2])).serve()


if __name__ == "__main__":
    main()
