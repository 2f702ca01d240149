"""A process that does something for the daemon, and the line to it.

Native code lives in such children, where it may crash without taking anything
along. They share one socket with the daemon; a message is a length and then
JSON. What may be said is up to the child: see `wire`, `media.line`, `ears.line`.
"""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import msgspec
import psutil

from voicectl import parse
from voicectl.errors import WorkerDied

FROZEN_SECONDS = 30
"""How long the rest of a message may take once it has begun; a child that is stopped or
swapped out in the middle of one must not hold up its hand for ever."""
BEGIN_SECONDS = 30.0
"""How much longer than later a child may be silent before it says its first word."""
PARTING_SECONDS = 3.0
"""How long a child may take to leave by itself before it is killed."""

Order = TypeVar("Order")
Report = TypeVar("Report")


class Child(Generic[Order, Report]):
    """A child process and the line to it; orders go out, reports come back.

    It is started by `exec`, never by `fork`: models, threads and locks of the
    daemon must not be copied.
    """

    def __init__(
        self, module: str, reports: parse.Decoder[Report], arguments: Sequence[str]
    ) -> None:
        """Start `python -m module DESCRIPTOR *arguments`.

        Raises `WorkerDied` when the system has no room for another process.
        """
        self._reports = reports
        ours, theirs = socket.socketpair()
        patience = struct.pack("ll", FROZEN_SECONDS, 0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, patience)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        line = str(theirs.fileno())
        with theirs:
            try:
                self._process = subprocess.Popen(
                    # -P: what lies in the working folder is data and must not be imported
                    [sys.executable, "-P", "-m", module, line, *arguments],
                    stdin=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()],
                    env=_surroundings(),
                )
            except OSError as error:
                ours.close()
                raise WorkerDied(f"no process can be started: {error.strerror}") from error
        self._line = Connection(ours.detach())
        self._silence = -BEGIN_SECONDS
        """For how many seconds it was listened to in vain since it said something. Not how long
        ago that was: then a daemon that was stopped would blame its children."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """True until the process has ended, or was given up."""
        return not self._line.closed and self._process.poll() is None

    def memory(self) -> int:
        """Return how many bytes it holds now; 0 when it has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss) if self.alive else 0
        except psutil.Error:
            return 0

    def send(self, order: Order) -> None:
        """Give an order whole. Raises `WorkerDied`."""
        try:
            self._line.send_bytes(msgspec.json.encode(order))
        except OSError as error:
            raise self._death() from error

    def report(self, seconds: float) -> Report | None:
        """Return what the child says next, None when it stays silent for `seconds`.

        Raises `WorkerDied`.
        """
        try:
            if not self._line.poll(seconds):
                self._silence += seconds
                return None
            self._silence = 0.0
            return self._reports.decode(self._line.recv_bytes())
        except (EOFError, OSError, msgspec.DecodeError) as error:
            raise self._death() from error

    def give_up_after(self, seconds: float) -> None:
        """End a child that was listened to in vain for so long. Raises `WorkerDied`."""
        if self._silence > seconds:
            self.kill()
            raise WorkerDied(f"it said nothing for {seconds:.0f} s, and was ended")

    def kill(self) -> None:
        """End the process at once. Only for the thread that talks to the child.

        For a child that is gone already this changes nothing. One that the kernel holds, as at
        a disk that does not answer, ends later: nobody waits for it.
        """
        self._process.kill()
        self._line.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(PARTING_SECONDS)

    def leave(self) -> None:
        """Let the process leave by itself, else end it. Only for the thread that talks to it."""
        self._line.close()
        try:
            self._process.wait(PARTING_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def _death(self) -> WorkerDied:
        self.kill()
        code = self._process.poll()
        if code is None:
            how = "it does not end"
        else:
            how = f"killed by signal {-code}" if code < 0 else f"exit status {code}"
        return WorkerDied(f"the process that worked on it ended unexpectedly ({how})")


def _surroundings() -> dict[str, str]:
    """Return the environment of a child."""
    # Every thread would have a heap of its own, each with holes as large as its largest order.
    heaps = {"MALLOC_ARENA_MAX": str(len(os.sched_getaffinity(0)))}
    return heaps | os.environ | {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"}
