"""A day of a helpline in some minutes: its calls, its shifts, what is killed, and a report.

Calls come as they come to a helpline, few at night and most in the evening, and last
as they do there; both are shortened by the same factor, so as many are up at once as
on a day. What is said in them is said at the speed of speech.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import time
import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import numpy as np
import psutil

from tests.conftest import Site, cut_call, new_site
from tests.line import Line, serve
from tests.waiting import PATIENCE, wait_until
from voicectl.client import Door
from voicectl.errors import DaemonUnreachable, NotFound
from voicectl.types import TaskState
from voicectl_daemon.media.caller import MANNERS, Played, play, samples

CONFIG = """
[[listen]]
name = "pbx"
port = {port}
[live]
language = "en"
post_call = "transcribe"
"""
DAY_SECONDS, SECONDS = 86_400.0, 600.0
"""Of a day, and of what it takes here."""
BY_HOUR = (2, 2, 1, 1, 1, 1, 2, 4, 6, 8, 8, 8, 7, 8, 8, 9, 9, 10, 11, 12, 12, 10, 7, 4)
"""How many calls come, beside other hours."""
SHIFTS = (6.0, 14.0, 22.0)
"""Hours at which the config is read anew."""
VICTIMS = ("ears", "media", "worker")
"""Each is killed once, at any hour."""
USUAL_SECONDS, SPREAD = 330.0, 0.8
"""Of a call, and how much they differ (log-normal)."""
SHORTEST, LONGEST, SPOKEN = 1.0, 30.0, 70.0
"""Seconds that are played of a call, and what there is to be played."""
VANISH = 0.1
"""Share of those whose connection ends in the middle."""
RATES = {"audiosocket": 8000, "websocket": 8000, "uid": 16000}
GROWTH = {"voicectl_daemon": 48, "voicectl_daemon.media": 24, "voicectl_daemon.ears": 192}
"""MB that a process may hold more in the second half of the day than in the first."""
LOOK_SECONDS = 0.5
KILL_SECONDS = 1.0
OVER = {str(state) for state in TaskState if state.final}


@dataclass(frozen=True)
class Planned:
    """A call."""

    hour: float
    transport: str
    start: float
    """Where in the shipped call it is cut out, in seconds."""
    seconds: float
    vanishes: bool


def plan(count: int, seed: int, faster: float) -> list[Planned]:
    """Return the calls of a day that is so many times faster, in the order of their coming."""
    dice = random.Random(seed)
    hours = dice.choices(range(24), BY_HOUR, k=count)
    calls = []
    for hour in hours:
        usual = USUAL_SECONDS / faster * dice.lognormvariate(0.0, SPREAD)
        seconds = round(min(max(usual, SHORTEST), LONGEST), 2)
        start = round(dice.uniform(0.0, SPOKEN - seconds), 3)
        transport = dice.choice(sorted(RATES))
        vanishes = dice.random() < VANISH
        calls.append(Planned(hour + dice.random(), transport, start, seconds, vanishes))
    return sorted(calls, key=lambda call: call.hour)


def module(process: psutil.Process) -> str:
    """Return what a process of ours runs; nothing when it is gone."""
    with suppress(psutil.Error, ValueError):
        command = process.cmdline()
        return command[command.index("-m") + 1]
    return ""


@dataclass
class Hour:
    """The most that was seen of it."""

    up: int = 0
    lag: float = 0.0
    memory: Counter[str] = field(default_factory=Counter)
    """MB by module."""

    def see(self, door: Door, site: Site) -> None:
        """Look at what goes on."""
        with suppress(DaemonUnreachable, NotFound):
            live = door.live()
            self.up = max(self.up, len(live))
            self.lag = max([self.lag, *(call.lag for call in live)])
        for process in site.processes():
            with suppress(psutil.Error):
                size = process.memory_info().rss >> 20
                if name := module(process):
                    self.memory[name] = max(self.memory[name], size)


@dataclass
class Day:
    """What was planned, and what has become of it."""

    line: Line
    port: int
    calls: Sequence[Planned]
    seed: int
    seconds: float
    """That the day lasts."""
    ended: list[tuple[float, bytes]] = field(default_factory=list)
    """When calls went to their end, and what was said in them: samples, but for silence."""
    cut: list[tuple[float, bytes]] = field(default_factory=list)
    """The same of calls that broke off, with what was to be said."""
    line_killed: float = 0.0
    unanswered: int = 0
    """Calls that came while there was no line: a telephone system has them go to people."""
    hours: list[Hour] = field(default_factory=lambda: [Hour() for _ in range(24)])
    happened: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """What is not as it should be."""
    told: list[str] = field(default_factory=list)
    """The report."""

    async def run(self) -> None:
        """Live through it."""
        dice = random.Random(self.seed)
        looking = asyncio.create_task(self._look())
        async with asyncio.TaskGroup() as group:
            for call in self.calls:
                group.create_task(self._call(call))
            for hour in SHIFTS:
                group.create_task(self._reload(hour))
            for victim in VICTIMS:
                group.create_task(self._kill(victim, dice.uniform(1.0, 23.0)))
        looking.cancel()

    async def _at(self, hour: float) -> None:
        await asyncio.sleep(hour * self.seconds / 24)

    async def _call(self, call: Planned) -> None:
        path = self.line.site.folder / f"{uuid4()}.wav"
        path.write_bytes(cut_call(call.start, call.seconds))
        rate = RATES[call.transport]
        sound = samples(str(path), rate)
        path.unlink()
        await self._at(call.hour)
        address, played = f"127.0.0.1:{self.port}", Played()
        manner = MANNERS[call.transport](rate, address)
        try:
            async with asyncio.timeout(call.seconds / 2 if call.vanishes else None):
                await play(address, manner, rate, sound, played)
        except TimeoutError:
            played.lost += 1
        except OSError:
            self.unanswered += 1
            return
        (self.cut if played.lost else self.ended).append((time.monotonic(), spoken(sound)))

    async def _reload(self, hour: float) -> None:
        await self._at(hour)
        os.kill(self.line.door.status().pid, signal.SIGHUP)
        self.happened.append(f"{hour:04.1f} h: the config is read anew")

    async def _kill(self, victim: str, hour: float) -> None:
        """Kill one of a kind, as soon as there is one."""
        await self._at(hour)
        await asyncio.to_thread(self._shoot, f"voicectl_daemon.{victim}")
        if victim == "media":
            self.line_killed = time.monotonic()
        self.happened.append(f"{hour:04.1f} h: {victim} is killed")

    def _shoot(self, victim: str) -> None:
        found: list[psutil.Process] = []

        def seen() -> bool:
            found[:] = [each for each in self.line.site.processes() if module(each) == victim]
            return bool(found)

        wait_until(seen, f"there is a {victim}", PATIENCE + self.seconds)
        with suppress(psutil.NoSuchProcess):
            found[0].kill()

    async def _look(self) -> None:
        began = time.monotonic()
        with Door(self.line.site.home) as door:
            while True:
                hour = int((time.monotonic() - began) * 24 / self.seconds)
                look = self.hours[min(hour, 23)].see
                await asyncio.to_thread(look, door, self.line.site)
                await asyncio.sleep(LOOK_SECONDS)

    def settle(self) -> None:
        """Wait until all is worked on, and see what is not as it should be."""
        door = self.line.door
        # Those that end while the line is killed do not notice.
        certain = [said for at, said in self.ended if abs(at - self.line_killed) > KILL_SECONDS]
        answered = [said for _, said in (*self.ended, *self.cut)]
        patience = PATIENCE + 2 * self.seconds
        wait_until(lambda: not door.live(), "all calls are over", patience)
        wait_until(
            lambda: self._states().total() >= len(certain) and self._states().keys() <= OVER,
            f"the recordings of {len(certain)} to {len(answered)} calls are worked on",
            patience,
        )
        wait_until(lambda: self._rows() >= len(certain), "the store knows the calls", patience)
        states = self._states()
        if states.keys() != {"done"} or states.total() > len(answered):
            told = f"{len(answered)} recordings were not each worked on once: {dict(states)}"
            self.wrong.append(told)
        self.wrong.extend(self._lost(certain, answered))
        if (rows := self._rows()) > len(answered):
            self.wrong.append(f"{len(answered)} calls were answered, and the store knows {rows}")
        self.told.extend(self._report())

    def grown(self) -> Iterator[str]:
        """Yield which processes have become larger."""
        for name, most in GROWTH.items():
            halves = self.hours[:12], self.hours[12:]
            first, second = (max(hour.memory[name] for hour in half) for half in halves)
            if second > first + most:
                yield f"{name} has grown from {first} to {second} MB"

    def _states(self) -> Counter[str]:
        """Return how many of the recordings are in which state."""
        door = self.line.door
        found = Counter[str]()
        for job in door.jobs(len(self.calls) + 1):
            found.update(str(task.state) for task in door.tasks(job.id))
        return found

    def _rows(self) -> int:
        (row,) = self.line.door.sql("SELECT count(*) FROM live_calls", 1).rows
        return int(str(row[0]))

    def _lost(self, certain: list[bytes], answered: list[bytes]) -> Iterator[str]:
        recordings = [recorded(path) for path in self.line.site.home.recordings.glob("*.wav")]
        for said in certain:
            if said not in recordings:
                yield f"a call of {len(said) // 2} samples was not recorded as it was said"
        for found in recordings:
            if not any(said.startswith(found) for said in answered):
                yield f"a recording of {len(found) // 2} samples is of no call"
        if len(recordings) > len(answered):
            yield f"{len(answered)} calls were answered, and there are {len(recordings)} recordings"

    def _report(self) -> Iterator[str]:
        yield (
            f"{len(self.calls)} calls: {len(self.ended)} to their end, {len(self.cut)} broken off, "
            f"{self.unanswered} while there was no line; recordings: {dict(self._states())}"
        )
        yield from sorted(self.happened)
        yield "hour  up  lag s  MB of each process"
        for number, hour in enumerate(self.hours):
            sizes = " ".join(
                f"{name.removeprefix('voicectl_').removeprefix('daemon.')} {size}"
                for name, size in sorted(hour.memory.items())
            )
            yield f"{number:4}  {hour.up:2}  {hour.lag:5.1f}  {sizes}"


def spoken(raw: bytes) -> bytes:
    """Return all but silence, which stands for what came late on a machine with much to do."""
    found = np.frombuffer(raw, "<i2")
    kept: bytes = found[found != 0].tobytes()
    return kept


def recorded(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        return spoken(file.readframes(file.getnframes()))


def live(count: int, seed: int) -> int:
    """Live through a day of so many calls, tell of it, and return the exit status."""
    calls = plan(count, seed, DAY_SECONDS / SECONDS)
    with new_site() as site:
        os.environ.update(site.environment)
        day = lived(site, calls, seed, SECONDS)
    day.wrong.extend(day.grown())
    print(*day.told, *(f"WRONG: {each}" for each in day.wrong), sep="\n")
    return 1 if day.wrong else 0


def lived(site: Site, calls: Sequence[Planned], seed: int, seconds: float) -> Day:
    """Live through it, and wait until all is worked on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with serve(site, CONFIG.format(port=port)) as line:
        wait_until(lambda: line.port, "calls are taken")
        day = Day(line, port, calls, seed, seconds)
        asyncio.run(day.run())
        day.settle()
    return day
