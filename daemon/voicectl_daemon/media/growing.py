"""A recording that grows while the call goes on, and plays whatever happens to us.

Each leg is a channel with a place of its own, so legs that arrive on separate
connections lie beside each other as they were spoken. The header always tells
the truth about what is on disk, and is written after it.

Two threads share it: one puts sound in and takes out what is to be written,
which never waits; the other one writes, however long the disk takes.
"""

from __future__ import annotations

import errno
import os
import struct
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FLUSH_SECONDS = 0.1
"""How much sound may be lost when this process is killed."""
LATE_SECONDS = 0.5
"""A leg that is later than this was delayed, and catches up, or said nothing for a while."""
PATIENCE_SECONDS = 0.3
"""How long what it says then is held back until one knows which it is."""
GAIN_SECONDS = 0.25
"""A leg that has caught up so much by then was delayed; else there was a hole, kept as silence."""
SILENT_SECONDS = 1.0
"""A leg that is so far behind another one is taken to be silent until then: telephones on hold,
and many in which nobody speaks, send nothing."""
ROOM_SECONDS = 20.0
"""Of sound in memory; a leg that comes half as much later than the others is still put right."""
MOST_WAITING = 64 << 20
"""Bytes that may wait for the disk beside that, of all recordings: half an hour of a call."""
MOST_BYTES = 0xFFFF_FFFF - 1024
"""What the header of a WAV file can say: 18 hours of two legs at 16 kHz."""
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEADER_BYTES = _HEADER.size


@dataclass(slots=True)
class _Late:
    """What is known of a leg that is behind the clock."""

    accepted: float
    """So many frames it may be behind."""
    held: list[NDArray[np.int16]] = field(default_factory=list)
    since: float = 0.0
    behind: int = 0
    """Frames, when the first sound was held back."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What is to be written."""

    begin: int
    """Frame."""
    raw: bytes
    until: int
    """The frame behind the last one that is known by now."""
    readable: tuple[int, ...]


class Backlog:
    """How much of all recordings waits for the disk."""

    def __init__(self) -> None:
        """Each of the two is counted by one thread only."""
        self.taken = self.written = 0

    @property
    def full(self) -> bool:
        """True when no more may wait."""
        return self.taken - self.written >= MOST_WAITING


class Growing:
    """One recording; 16 bits a sample, a channel a leg."""

    def __init__(self, path: Path, rate: int, legs: int, backlog: Backlog) -> None:
        """Make ready; there is a file once something is written."""
        self.path, self.rate, self.legs = path, rate, legs
        self._backlog = backlog
        self._file: int | None = None
        self._waiting: deque[_Piece] = deque()
        """Taken and not yet written, in this order."""
        self._places = [0] * legs
        """Where each leg goes on, in frames."""
        self._late = [_Late(LATE_SECONDS * rate) for _ in range(legs)]
        self._base = 0
        """The first frame that is in memory."""
        self._room = np.zeros((round(ROOM_SECONDS * rate), legs), np.int16)
        self._until = 0
        """The frame behind the last one in memory."""
        self._changed = 0
        """The first frame in memory that was not taken as it is here."""
        self.written = 0
        """Frames on disk."""
        self.readable = (0,) * legs
        """Of them, for each leg those in which nothing will change any more."""

    @property
    def begun(self) -> bool:
        """True when there is a file."""
        return self._file is not None

    def add(self, leg: int, samples: bytes, at: float) -> None:
        """Put samples behind what the leg has said. `at` is seconds since the recording began.

        Raises `OSError` when it does not fit into memory, for the disk does not keep up.
        """
        sound = np.frombuffer(samples, "<i2")
        room = len(self._room) // 4
        for begin in range(0, len(sound), room):
            self._add(leg, sound[begin : begin + room], at)

    def _add(self, leg: int, sound: NDArray[np.int16], at: float) -> None:
        """Put it behind what the leg has said, or, after a hole, where it is due."""
        late, place = self._late[leg], self._places[leg]
        late.held.append(sound)
        length = sum(map(len, late.held))
        due = int(at * self.rate) - length
        behind = due - place
        if place == 0 and behind > LATE_SECONDS * self.rate:
            self._release(leg, due)  # a leg that is put through later begins later
        elif behind <= late.accepted:
            late.accepted = max(LATE_SECONDS * self.rate, min(late.accepted, behind))
            self._release(leg, place)
        elif len(late.held) == 1:
            late.since, late.behind = at, behind
        elif late.behind - behind > GAIN_SECONDS * self.rate:
            late.accepted = behind
            self._release(leg, place)
        elif at - late.since > PATIENCE_SECONDS:
            self._release(leg, due)

    def _release(self, leg: int, place: int) -> None:
        """Take what was held back into the recording."""
        held, self._late[leg].held = self._late[leg].held, []
        for sound in held:
            begin = max(place, self._base)  # later cannot be put right
            self._put(leg, sound, begin)
            place = begin + len(sound)

    def _put(self, leg: int, sound: NDArray[np.int16], place: int) -> None:
        end = place + len(sound)
        if end > self._base + len(self._room):
            self._move_on(end)
        self._room[place - self._base : end - self._base, leg] = sound
        self._until = max(self._until, end)
        self._changed = min(self._changed, place)
        self._places[leg] = end

    def take(self) -> bool:
        """Take out what is new; True when there is something to be written.

        While something waits nothing is added to it: the disk has to take that first.
        """
        if not (self._waiting or self._backlog.full):
            self._take()
        return bool(self._waiting)

    def end(self) -> None:
        """Take out the rest; nothing more comes.

        Raises `OSError` when some of it is lost, for the disk does not keep up.
        """
        try:
            for leg, place in enumerate(self._places):
                self._release(leg, place)
            self._take()
        finally:
            self._room = self._room[:0].copy()

    def write(self) -> None:
        """Put on disk what was taken. Raises `OSError` for a full one; try again later."""
        if self._file is None:
            self._file = self._begin()
        while self._waiting:
            piece = self._waiting[0]
            _write_all(self._file, piece.raw, _HEADER.size + piece.begin * 2 * self.legs)
            if piece.until > self.written:
                self._write_header(self._file, piece.until)
                self.written = piece.until
            self.readable = piece.readable
            self._waiting.popleft()
            self._backlog.written += len(piece.raw)

    def close(self) -> None:
        """Write the rest, to last. Raises `OSError`."""
        try:
            self.write()
            if self._file is not None:
                os.fsync(self._file)
        finally:
            while self._waiting:
                self._backlog.written += len(self._waiting.popleft().raw)
            if self._file is not None:
                os.close(self._file)

    def _take(self) -> None:
        if self._changed == self._until:
            return
        if self._backlog.full:
            raise OSError(errno.ETIMEDOUT, "the disk does not keep up")
        raw = self._room[self._changed - self._base : self._until - self._base].tobytes()
        silent = self._until - round(SILENT_SECONDS * self.rate)
        readable = tuple(max(place, silent) for place in self._places)
        self._waiting.append(_Piece(self._changed, raw, self._until, readable))
        self._backlog.taken += len(raw)
        self._changed = self._until

    def _move_on(self, end: int) -> None:
        """Make room up to `end`, with half of it still free; what is left out was taken.

        A hole between is never written: the file is zero there.
        """
        self._take()
        base = end - len(self._room) // 2
        kept = self._room[base - self._base : self._until - self._base].copy()
        self._room[:] = 0
        self._room[: len(kept)] = kept
        self._base = base
        self._until = max(self._until, base)
        self._changed = self._until

    def _begin(self) -> int:
        """Create the file, which nobody else may read."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._write_header(file, 0)
        except OSError:  # it is tried again
            os.close(file)
            self.path.unlink()
            raise
        return file

    def _write_header(self, file: int, frames: int) -> None:
        size = min(frames * 2 * self.legs, MOST_BYTES)
        each = 2 * self.legs
        header = _HEADER.pack(
            b"RIFF", size + _HEADER.size - 8, b"WAVE", b"fmt ", 16, 1, self.legs, self.rate,
            self.rate * each, each, 16, b"data", size,
        )  # fmt: skip
        _write_all(file, header, 0)


def _write_all(file: int, raw: bytes, place: int) -> None:
    """Write everything. A short write is how a full disk begins."""
    view = memoryview(raw)
    while view:
        done = os.pwrite(file, view, place)
        view, place = view[done:], place + done
