"""The child that plays a recording, also one that still grows: what is on disk, and on.

What knows sound devices is native code that writes to the terminal, and may abort; here it harms
no monitor. A line on the standard input says that the call is over, its end that nobody listens.
"""

from __future__ import annotations

import os
import sys
import threading
import wave
from contextlib import closing
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import msgspec

from voicectl.errors import VoicectlError
from voicectl.tui.listening import sound

BACK_SECONDS = 2.0
"""How far before its end a call that goes on is begun."""
UNSURE_SECONDS = 0.6
"""Of its end, which may still change: a leg that is late is put right there."""
PIECE_SECONDS = 0.1
LOOK_SECONDS = 0.05


class _Orders:
    """What whoever listens says."""

    def __init__(self) -> None:
        self.over, self.stop = threading.Event(), threading.Event()
        threading.Thread(target=self._hear, name="orders", daemon=True).start()

    def _hear(self) -> None:
        while sys.stdin.buffer.readline():
            self.over.set()
        self.stop.set()


@dataclass(frozen=True, slots=True)
class _Shape:
    rate: int
    channels: int
    begins: int
    """Byte of the file at which the sound begins."""

    def size(self, seconds: float) -> int:
        """Return bytes, of whole frames."""
        return round(seconds * self.rate) * self.channels * sound.SAMPLE_BYTES


def _play(path: Path, orders: _Orders) -> None:
    try:
        with path.open("rb") as file:
            shape = _shape(path, file)
            with closing(sound.open_output(shape.rate, shape.channels)) as output:
                _follow(file, shape, output, orders)
    except OSError as error:
        raise VoicectlError(
            f"{path} cannot be read: {error.strerror}",
            hint="it takes the machine that records calls, and an account that may read them",
        ) from error


def _shape(path: Path, file: BufferedReader) -> _Shape:
    try:
        with wave.open(file) as header:
            if header.getsampwidth() != sound.SAMPLE_BYTES:
                raise wave.Error
            return _Shape(header.getframerate(), header.getnchannels(), file.tell())
    except (wave.Error, EOFError) as error:
        raise VoicectlError(
            f"{path.name} is no WAV file of 16 bits", hint=f"play it with: ffplay '{path}'"
        ) from error


def _follow(file: BufferedReader, shape: _Shape, output: sound.Output, orders: _Orders) -> None:
    over = orders.over.is_set()
    at = 0 if over else max(0, _readable(file, shape) - shape.size(BACK_SECONDS))
    while not orders.stop.is_set():
        over = orders.over.is_set()  # before the size: what was written before its end is played
        readable = _readable(file, shape) - (0 if over else shape.size(UNSURE_SECONDS))
        if at < readable:
            file.seek(shape.begins + at)
            piece = file.read(min(shape.size(PIECE_SECONDS), readable - at))
            output.write(piece)
            at += len(piece)
        elif over:
            return
        else:
            orders.stop.wait(LOOK_SECONDS)


def _readable(file: BufferedReader, shape: _Shape) -> int:
    """Return how many bytes of whole frames there are."""
    there = os.fstat(file.fileno()).st_size - shape.begins
    return there - there % (shape.channels * sound.SAMPLE_BYTES)


def main() -> None:
    """Play the recording that is named; with `over` behind it, from its beginning."""
    orders = _Orders()
    path, *more = sys.argv[1:]
    if more:
        orders.over.set()
    try:
        _play(Path(path), orders)
    except VoicectlError as error:
        sys.stdout.buffer.write(msgspec.json.encode(error.to_wire()))
    sys.stdout.flush()
    os._exit(0)  # not waiting for whoever reads orders


if __name__ == "__main__":
    main()
