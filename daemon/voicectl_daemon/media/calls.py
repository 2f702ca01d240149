"""Calls that are up: their legs, and the recording that all of them share.

Recordings are written by a thread that does nothing else: a disk that is slow, or
does not answer at all, makes no frame late.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np

from voicectl.errors import is_full
from voicectl_daemon import ids
from voicectl_daemon.media import line
from voicectl_daemon.media.growing import Backlog, Growing
from voicectl_daemon.media.said import LEGS, Called, Sound

SLOW_SECONDS = 2.0
"""After so long a disk is told to be slow."""

Tell: TypeAlias = Callable[[line.Report], None]


@dataclass(slots=True)
class Call:
    """One call; used by one thread, but for `write` and `close`."""

    id: str
    line: str
    legs: tuple[str, ...]
    folder: Path
    backlog: Backlog
    tell: Tell
    began: float = field(default_factory=time.monotonic)
    open: set[int] = field(default_factory=set)
    """Legs that are connected."""
    heard: float = field(default_factory=time.monotonic)
    """When a leg last said something."""
    _recording: Growing | None = None
    _loudness: list[tuple[float, int]] = field(default_factory=list)
    _told: int = -1
    """So many frames were told to be on disk."""
    _troubled: bool = False
    """True while what is said cannot be recorded."""
    _slow: bool = False
    """True once the disk was told to be slow."""
    _other_rates: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._loudness = [(0.0, 0)] * len(self.legs)

    def hear(self, leg: int, sound: Sound) -> None:
        """Take in what a leg says."""
        self.heard = time.monotonic()
        recording = self._recording or self._record(sound.rate)
        samples = self._at_rate(sound, recording.rate)
        try:
            recording.add(leg, samples, self.heard - self.began)
        except OSError as error:
            self._is_not_recorded(error)
            return
        heard = np.frombuffer(samples, "<i2").astype(np.float32)
        energy, count = self._loudness[leg]
        self._loudness[leg] = (energy + float(np.dot(heard, heard)), count + len(heard))

    def take(self) -> bool:
        """Take out what is to be written, if there is something."""
        return self._recording is not None and self._recording.take()

    def end(self) -> None:
        """Take out the rest."""
        if self._recording is not None:
            try:
                self._recording.end()
            except OSError as error:
                self._is_not_recorded(error)

    def write(self) -> OSError | None:
        """Put on disk what was taken out, and return why it cannot be. By any thread."""
        try:
            if self._recording is not None:
                self._recording.write()
        except OSError as error:
            return error
        return None

    def close(self) -> OSError | None:
        """Complete the recording likewise."""
        try:
            if self._recording is not None:
                self._recording.close()
        except OSError as error:
            return error
        return None

    def wrote(self, error: OSError | None) -> None:
        """Tell how far it is on disk."""
        recording = self._recording
        if recording is None:
            return
        if recording.begun and self._told < 0:
            self._told = 0
            self.tell(line.Recorded(self.id, str(recording.path), recording.rate))
        if recording.written > self._told:
            self._told = recording.written
            levels = tuple(
                round(float(np.sqrt(energy / count)) / 32768, 4) if count else 0.0
                for energy, count in self._loudness
            )
            self._loudness = [(0.0, 0)] * len(self.legs)
            self.tell(line.Grown(self.id, recording.written, levels, recording.readable))
        if error is None:
            self._troubled = False
        else:
            self._is_not_recorded(error)

    def closed(self, reason: str) -> None:
        """Tell that it is over."""
        frames = self._recording.written if self._recording is not None else 0
        self.tell(line.Closed(self.id, reason, frames))

    def waits(self) -> None:
        """Tell that the disk is slow; once."""
        if not self._slow:
            self._slow = True
            text = "the disk is slow: what is said waits in memory"
            self.tell(line.Noticed(self.line, self.id, text))

    def _is_not_recorded(self, error: OSError) -> None:
        if not self._troubled:
            self._troubled = True
            why = "there is no room on the disk" if is_full(error) else error.strerror
            text = f"what is said now cannot be recorded: {why}"
            self.tell(line.Noticed(self.line, self.id, text))

    def _record(self, rate: int) -> Growing:
        name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{self.line}-{self.id}.wav"
        self._recording = Growing(self.folder / name, rate, len(self.legs), self.backlog)
        self.began = time.monotonic()
        return self._recording

    def _at_rate(self, sound: Sound, rate: int) -> bytes:
        """Return the samples at the rate of the recording, which the first leg has chosen."""
        if sound.rate == rate:
            return sound.samples
        if sound.rate not in self._other_rates:
            self._other_rates.add(sound.rate)
            text = f"a leg sends {sound.rate} samples a second beside {rate}: it sounds worse"
            self.tell(line.Noticed(self.line, self.id, text))
        given = np.frombuffer(sound.samples, "<i2")
        places = np.arange(0, len(given), sound.rate / rate)
        wanted: bytes = np.interp(places, np.arange(len(given)), given).astype("<i2").tobytes()
        return wanted


class Board:
    """All calls that are up, and which channels belong together."""

    def __init__(self, folder: Path, tell: Tell) -> None:
        self._folder = folder
        self.tell = tell
        self._expected: dict[str, line.Expect] = {}
        self._calls: dict[str, Call] = {}
        self._of_several: dict[str, str] = {}
        """Ids of calls, by what the names of their channels share."""
        self._over: list[tuple[Call, str]] = []
        """Calls whose recording is to be completed, and why they ended."""
        self._disk = ThreadPoolExecutor(1, "disk")
        self._backlog = Backlog()
        self._writing = math.inf
        """When the disk was last given something that it has not taken yet."""

    @property
    def calls(self) -> tuple[Call, ...]:
        """Those that are up."""
        return tuple(self._calls.values())

    def expect(self, coming: line.Expect) -> None:
        """Remember which call a channel will belong to."""
        self._expected[coming.channel] = coming

    def connect(self, name: str, called: Called, speaker: str, peer: str) -> tuple[Call, int]:
        """Return the call that a channel belongs to, and which leg of it the channel is."""
        channel = called.channel
        coming = self._expected.pop(channel, None) or self._leg_of_several(called)
        coming = coming or line.Expect(channel, ids.fresh(), 0, (speaker,))
        call = self._calls.get(coming.call)
        if call is None:
            legs, folder = coming.legs, self._folder
            call = Call(coming.call, name, legs, folder, self._backlog, self.tell)
            self._calls[call.id] = call
            self.tell(line.Opened(call.id, name, channel, coming.legs, peer))
        call.open.add(coming.leg)
        return call, coming.leg

    def leave(self, call: Call, leg: int, reason: str) -> None:
        """Take a leg away; the call is over with its last one."""
        call.open.discard(leg)
        if not call.open and call.id in self._calls:
            del self._calls[call.id]
            self._of_several = {
                shared: each for shared, each in self._of_several.items() if each != call.id
            }
            call.end()
            self._over.append((call, reason))

    async def flush(self) -> None:
        """Put on disk what has come, and tell how far it is, however long that takes.

        Calls that are over are told once their recording is complete.
        """
        over, self._over = self._over, []
        due = [call for call in self.calls if call.take()]
        if not (due or over):
            return
        self._writing = time.monotonic()
        ended = [call for call, _ in over]
        loop = asyncio.get_running_loop()
        errors = await loop.run_in_executor(self._disk, _at_disk, due, ended)
        self._writing = math.inf
        for call, error in zip([*due, *ended], errors, strict=True):
            call.wrote(error)
        for call, reason in over:
            call.closed(reason)

    def look(self, now: float) -> None:
        """Tell of a disk that is slow."""
        if now - self._writing > SLOW_SECONDS:
            for call in (*self.calls, *(call for call, _ in self._over)):
                call.waits()

    def _leg_of_several(self, called: Called) -> line.Expect | None:
        """Return which leg a channel says that it is; None when it says nothing of the kind."""
        if not called.call:
            return None
        call = self._of_several.get(called.call, ids.fresh())
        if call in self._calls and called.leg in self._calls[call].open:
            return None  # somebody repeats what another one has said
        self._of_several[called.call] = call
        return line.Expect(called.channel, call, called.leg, LEGS)


def _at_disk(due: Sequence[Call], over: Sequence[Call]) -> list[OSError | None]:
    return [call.write() for call in due] + [call.close() for call in over]
