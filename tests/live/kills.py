"""Kills what serves calls, again and again, with calls up, and looks what becomes of the callers.

    python -m tests.live.kills --count 10

Two callers are on the line: one talks with an agent while voicectl listens beside, the other with
voicectl before people. Nobody may be hung up on; whoever talked to voicectl must be with people
when the line or the daemon dies; of every recording all that was told to be there must play. Ears
and workers are no matter of callers: they are killed while the same calls go on. How long each
takes, and the service to come back, is printed.
"""

from __future__ import annotations

import argparse
import os
import socket
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count as counted

import psutil

from tests.conftest import CALL, Site, cut_call, is_gone, new_site
from tests.line import Line, serve
from tests.live.asterisk import HUMANS, Asterisk, running
from tests.live.parties import agent, caller, speech
from tests.waiting import wait_until
from voicectl.asterisk.snippets import Line as Told
from voicectl.client import Door
from voicectl.types import Ask, Source, TaskState

VICTIMS = ("media", "ears", "worker", "daemon")
ASIDE = ("ears", "worker")
"""Callers do not depend on them."""
TALK_SECONDS = 60.0
ASIDE_SECONDS = 25.0
"""In which others are killed while the same calls go on."""
LIVE = '[live]\nlanguage = "en"\npost_call = ""\n'
WORK_SECONDS = 4.0
"""Of speech for a worker: it is to be killed before it is done with it."""
HEARD_SECONDS = 1.0
"""Of a call, before something is killed."""


@dataclass(frozen=True)
class Fate:
    """How a round went."""

    people: float
    """Seconds until the caller was with people; 0 where she stays with voicectl."""
    back: float
    """Seconds until calls were taken again."""


class Rounds:
    """A site on a port that stays, and its Asterisk."""

    def __init__(self, site: Site, asterisk: Asterisk) -> None:
        self._site, self._asterisk = site, asterisk
        self._told: dict[str, float] = {}
        """Seconds of each recording that were told to be on disk, when something was killed."""
        self._places = counted(0.0, 0.1)
        """Where a recording is cut out that nobody has worked on yet."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._config = f'[[listen]]\nname = "pbx"\nport = {self._port}\n{LIVE}'
        people = "Dial(PJSIP/agent,20,U(voicectl-beside-agent))"
        asterisk.tell(
            Told("beside", port=self._port), f"Answer()\nGosub(voicectl-beside,s,1)\n{people}"
        )
        asterisk.tell(
            Told("before", port=self._port), f"Gosub(voicectl-before-first,s,1)\n{HUMANS}"
        )

    def play(self, victim: str, count: int) -> list[Fate]:
        """Kill a victim so many times."""
        fates: list[Fate] = []
        with ExitStack() as serving:
            line = serving.enter_context(serve(self._site, self._config))
            while len(fates) < count:
                if victim in ASIDE:
                    fates += self._aside(line, victim, count - len(fates))
                else:
                    fate, line = self._round(line, victim, serving)
                    fates.append(fate)
        self._recordings_play()
        return fates

    def _round(self, line: Line, victim: str, serving: ExitStack) -> tuple[Fate, Line]:
        """Kill what callers are connected to; return the line that takes calls then, too."""
        with self._two_on_the_line(line):
            killed = self._kill(line, victim)
            wait_until(lambda: self._asterisk.with_humans, "she is with people")
            people = time.monotonic() - killed
            if victim == "daemon":
                line = serving.enter_context(serve(self._site, self._config))
            wait_until(lambda: line.port and self._takes_calls(), "calls are taken again")
            back = time.monotonic() - killed
            self._nobody_was_hung_up_on(with_humans=True)
        return Fate(people, back), line

    def _aside(self, line: Line, victim: str, count: int) -> list[Fate]:
        """Kill what works beside the calls, which go on, up to so many times."""
        fates: list[Fate] = []
        with self._two_on_the_line(line):
            end = time.monotonic() + ASIDE_SECONDS
            while len(fates) < count and time.monotonic() < end:
                killed, works = self._kill_at_work(line, victim)
                wait_until(works, "it works again")
                fates.append(Fate(0.0, time.monotonic() - killed))
            self._nobody_was_hung_up_on(with_humans=False)
        return fates

    def _kill_at_work(self, line: Line, victim: str) -> tuple[float, Callable[[], bool]]:
        """Return when it was, and whether what it did was done by another one since."""
        door = line.door
        if victim == "worker":
            job = self._at_work(door)
            killed = self._kill(line, victim)
            return killed, lambda: [each.state for each in door.tasks(job)] == ["done"]
        killed = self._kill(line, victim)
        told = _turns(door)
        return killed, lambda: _turns(door) > told

    def _at_work(self, door: Door) -> str:
        """Hand in recordings until a worker is seen at one, and return its job."""
        path = self._site.folder / "recording.wav"
        while True:
            path.write_bytes(cut_call(next(self._places), WORK_SECONDS))
            job = door.submit(Ask((Source(str(path), path.name),))).id
            if TaskState.RUNNING in wait_until(partial(_begun, door, job), "it begins"):
                return job  # else it was done before anybody looked

    @contextmanager
    def _two_on_the_line(self, line: Line) -> Iterator[None]:
        wait_until(lambda: not line.door.live(), "nobody is left from before")
        asked, answered = (speech(CALL, channel, 3.0, TALK_SECONDS) for channel in (1, 0))
        with (
            agent(self._asterisk, answered),
            caller(self._asterisk, "beside", asked),
            caller(self._asterisk, "before", asked),
        ):
            wait_until(lambda: self._heard(line) == 2, "both are heard")
            yield
            # While they are there to hear it: to others it would be said again and again.
            self._asterisk.hang_up()

    def _heard(self, line: Line) -> int:
        return sum(call.seconds > HEARD_SECONDS for call in line.door.live())

    def _kill(self, line: Line, victim: str) -> float:
        pid = self._site.pid if victim == "daemon" else line.child(victim).pid
        assert pid
        for call in line.door.live():
            self._told[call.recording] = call.seconds
        killed = time.monotonic()
        psutil.Process(pid).kill()
        wait_until(lambda: is_gone(pid), "it is dead")
        return killed

    def _takes_calls(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self._port), 1.0).close()
        except OSError:
            return False
        return True

    def _nobody_was_hung_up_on(self, *, with_humans: bool) -> None:
        channels = self._asterisk.channels
        places = [(each.dialplan.exten, each.dialplan.app_name) for each in channels]
        assert places.count(("beside", "Dial")) == 1, channels
        assert self._asterisk.with_humans == with_humans, channels

    def _recordings_play(self) -> None:
        assert self._told
        for path, seconds in self._told.items():
            with wave.open(path) as file:
                assert file.getnframes() / file.getframerate() >= seconds, path


def _begun(door: Door, job: str) -> set[TaskState]:
    """Return how the recordings of a job stand that wait no more."""
    return {each.state for each in door.tasks(job)} & {TaskState.RUNNING, TaskState.DONE}


def _turns(door: Door) -> int:
    """Return how many turns were told of the calls that are up."""
    return sum(len(door.live_call(call.id).turns) for call in door.live())


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser("python -m tests.live.kills", description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="rounds for each victim")
    parser.add_argument("--what", choices=VICTIMS, action="append", help="default: each")
    asked = parser.parse_args()
    with running() as asterisk, new_site() as site:
        os.environ.update(site.environment)
        rounds = Rounds(site, asterisk)
        for victim in asked.what or VICTIMS:
            fates = rounds.play(victim, asked.count)
            back = _told("it works again", [fate.back for fate in fates])
            if victim not in ASIDE:
                people = _told("callers are with people", [fate.people for fate in fates])
                back = f"{people}; {back}"
            print(f"{victim:<8} {len(fates)} times; {back}", flush=True)


def _told(what: str, seconds: list[float]) -> str:
    middle = sorted(seconds)[len(seconds) // 2]
    return f"{what}: median {middle:.1f} s, at most {max(seconds):.1f} s"


if __name__ == "__main__":
    main()
