"""What the daemon and its children say to each other, one message at a time.

A child is a separate process that runs native code on behalf of the daemon.
They share one socket; a message is a length and then JSON.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from multiprocessing.connection import Connection
from typing import TypeAlias

import msgspec
import psutil

from voicectl.errors import WorkerDied
from voicectl.types import Audio, CallRecord, Segment

FROZEN_SECONDS = 30
"""How long the rest of a message may take once it has begun; a child that is stopped or
swapped out in the middle of one must not hold up its hand for ever."""
PARTING_SECONDS = 3.0
"""How long a child may take to leave by itself before it is killed."""


class Look(msgspec.Struct, tag=True, frozen=True):
    """Say what kind of recording this is."""

    path: str
    name: str


class Run(msgspec.Struct, tag=True, frozen=True):
    """Run a checked recipe over one recording, or over several short ones together."""

    order: str
    steps: bytes
    tasks: tuple[str, ...]
    records: tuple[CallRecord, ...]
    """One for each task; the steps it has been stamped with are not taken again."""
    kept: tuple[msgspec.Raw, ...]
    """For each task the list of `voicectl.types.Part` from when its work was broken off."""


class Stop(msgspec.Struct, tag=True, frozen=True):
    """Give up the order you are at."""

    order: str


class Looked(msgspec.Struct, tag=True, frozen=True):
    """What kind of recording it is."""

    audio: Audio


class Heard(msgspec.Struct, tag=True, frozen=True):
    """A segment, before the call is done."""

    task: str
    segment: Segment


class Progress(msgspec.Struct, tag=True, frozen=True):
    """How much of a recording has been worked through; without a task only a sign of life."""

    seconds: float
    task: str | None = None


class Kept(msgspec.Struct, tag=True, frozen=True):
    """What was heard in a stretch of a recording, to be kept until the whole is done."""

    task: str
    part: msgspec.Raw
    """A `voicectl.types.Part`; the daemon only files it."""


class Alive(msgspec.Struct, tag=True, frozen=True):
    """The child's own state, told every few seconds."""

    memory: int
    models: tuple[str, ...]


class Finished(msgspec.Struct, tag=True, frozen=True):
    """A step of the recipe is done for one recording."""

    task: str
    record: CallRecord
    whole: bool
    """True after the last step."""


class Ended(msgspec.Struct, tag=True, frozen=True):
    """The order is done: of every task it was said what became of it."""


class Failed(msgspec.Struct, tag=True, frozen=True):
    """It did not work; the child is fine."""

    code: str
    text: str
    hint: str
    task: str | None = None
    """None when the whole order failed."""


Order: TypeAlias = Look | Run | Stop
Report: TypeAlias = Looked | Heard | Progress | Kept | Alive | Finished | Failed | Ended

_orders: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)
_reports: msgspec.json.Decoder[Report] = msgspec.json.Decoder(Report)


def read_order(line: Connection) -> Order:
    """Return the next order. Raises `EOFError` when the daemon is gone."""
    return _orders.decode(line.recv_bytes())


def send(line: Connection, message: Order | Report) -> None:
    """Send one message whole."""
    line.send_bytes(msgspec.json.encode(message))


class Child:
    """A child process and the line to it.

    It is started by `exec`, never by `fork`: models, threads and locks of the
    daemon must not be copied.
    """

    def __init__(self, models_folder: str) -> None:
        """Start it. Raises `WorkerDied` when the system has no room for another process."""
        ours, theirs = socket.socketpair()
        patience = struct.pack("ll", FROZEN_SECONDS, 0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        line = str(theirs.fileno())
        with theirs:
            try:
                self._process = subprocess.Popen(
                    # -P: what lies in the working folder is data and must not be imported
                    [sys.executable, "-P", "-m", "voicectl_daemon.worker", line, models_folder],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=_surroundings(),
                )
            except OSError as error:
                ours.close()
                raise WorkerDied(f"no process can be started: {error.strerror}") from error
        self._line = Connection(ours.detach())

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True until the process has ended."""
        return self._process.poll() is None

    def memory(self) -> int:
        """Return how many bytes it holds now; 0 when it has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss) if self.alive else 0
        except psutil.Error:
            return 0

    def send(self, order: Order) -> None:
        """Give an order. Raises `WorkerDied`."""
        try:
            send(self._line, order)
        except OSError as error:
            raise self._death() from error

    def report(self, seconds: float) -> Report | None:
        """Return what the child says next, None when it stays silent for `seconds`.

        Raises `WorkerDied`.
        """
        try:
            if not self._line.poll(seconds):
                return None
            return _reports.decode(self._line.recv_bytes())
        except (EOFError, OSError, msgspec.DecodeError) as error:
            raise self._death() from error

    def kill(self) -> None:
        """End the process at once. Only for the thread that talks to the child.

        For a child that is gone already this changes nothing.
        """
        self._process.kill()
        self._process.wait()
        self._line.close()

    def leave(self) -> None:
        """Let the process leave by itself, else end it. Only for the thread that talks to it."""
        self._line.close()
        try:
            self._process.wait(PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _death(self) -> WorkerDied:
        self.kill()
        code = self._process.returncode
        how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        return WorkerDied(f"the process that worked on it ended unexpectedly ({how})")


def _surroundings() -> dict[str, str]:
    """Return the environment of a child."""
    # Every thread would have a heap of its own, each with holes as large as its largest order.
    heaps = {"MALLOC_ARENA_MAX": str(len(os.sched_getaffinity(0)))}
    return heaps | os.environ | {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
