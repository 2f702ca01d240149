"""Runs what schedules ask for, each as the command that a person would type.

So there is one way to find recordings, to follow a job and to write its files.
A run holds a lock for as long as it lives, which a run of a daemon that was
killed does, too: no schedule ever runs twice at a time.
"""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import msgspec

from voicectl import parse
from voicectl.config import Schedule
from voicectl.errors import DiskFull, ExitStatus, UsageError
from voicectl.paths import Home
from voicectl.results import ScheduleState
from voicectl_daemon import unforeseen
from voicectl_daemon.timetable import Ended, Timetable
from voicectl_daemon.work.held import FULL_DISK_SECONDS

TICK_SECONDS = 1.0
STOP_SECONDS = 5.0
"""How long a run may take to leave."""
LAST_WORDS = 2000
"""Characters of what a run said that are kept."""

log = logging.getLogger(__name__)


class _Answer(msgspec.Struct):
    """What `voicectl run --json` says, as far as it matters here."""

    job: str | None = None


class Errands:
    """Looks at the clock, and has what is due done."""

    def __init__(self, timetable: Timetable, home: Home, shown: Callable[[str], str] = str) -> None:
        """`shown` returns what a run said as others may read it."""
        self.timetable = timetable
        self._home = home
        self._shown = shown
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._serve, name="errands", daemon=True)

    def start(self) -> None:
        """Begin to look at the clock."""
        self.timetable.open()
        self._thread.start()

    def stop(self) -> None:
        """Break off what runs; the next daemon that serves runs it again."""
        self._stopping.set()
        with self._lock:
            for child in self._children.values():
                child.terminate()
            threads = [*self._threads, self._thread]
        for thread in threads:
            if thread.is_alive():
                thread.join(STOP_SECONDS)
        for child in list(self._children.values()):
            child.kill()

    def run(self, schedule: Schedule) -> None:
        """Run a schedule now. Raises `UsageError` when it runs already."""
        name = schedule.name
        with self._lock:
            busy = name in self._children or self._stopping.is_set()
            held = None if busy else self._hold(name)
            if held is None:
                raise UsageError(
                    f"the schedule '{name}' runs already", hint="see: voicectl schedules list"
                )
            try:
                self.timetable.begin(name)
                child = self._spawn(schedule, held)
            except OSError as error:
                why = f"no process can be started: {error.strerror}"
                self.timetable.end(name, Ended(ScheduleState.FAILED, said=why))
                return
            finally:
                os.close(held)  # the child has it, too
            self._children[name] = child
            # None that is waited for: the system may hold a child that was killed.
            thread = threading.Thread(target=self._see_through, args=(name, child), daemon=True)
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
            thread.start()

    def _serve(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            with unforeseen.survived(log, "unexpected while looking at schedules"):
                for schedule in self.timetable.due():
                    with suppress(UsageError):  # it runs still, for a daemon that was killed
                        self.run(schedule)

    def _hold(self, name: str) -> int | None:
        """Return a lock that nobody else has as long as it is open; None when somebody has it."""
        self._home.errands.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(self._home.errands / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    def _spawn(self, schedule: Schedule, held: int) -> subprocess.Popen[bytes]:
        log.info("the schedule '%s' begins", schedule.name)
        return subprocess.Popen(
            # -P: what lies in the working folder is data and must not be imported.
            [sys.executable, "-P", "-m", "voicectl.cli.main", *command(schedule)],
            # When this daemon is lost, the next one that serves runs it again.
            env=os.environ | {"VOICECTL_HOME": str(self._home.folder), "VOICECTL_ON_DEMAND": "no"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(held,),
        )

    def _see_through(self, name: str, child: subprocess.Popen[bytes]) -> None:
        with unforeseen.survived(log, "unexpected at the end of a schedule's run"):
            answer, words = child.communicate()
            said = self._shown(words.decode(errors="replace").strip())[-LAST_WORDS:]
            ended = self._how(child.returncode, answer, said)
            self._write_down(name, ended)
            log.log(
                logging.INFO if ended.state is ScheduleState.DONE else logging.WARNING,
                "the schedule '%s' is %s%s", name, ended.state, said and f"\n  {said}",
            )  # fmt: skip
        with self._lock:
            del self._children[name]

    def _write_down(self, name: str, ended: Ended) -> None:
        """Note how a run ended: what is not noted would run for ever. Wait for a full disk."""
        while True:
            try:
                return self.timetable.end(name, ended)
            except DiskFull as error:
                log.warning("%s", error.text)
                if self._stopping.wait(FULL_DISK_SECONDS):
                    return None  # the next daemon finds it broken off

    def _how(self, status: int, answer: bytes, said: str) -> Ended:
        try:
            job = parse.json(answer, _Answer).job
        except msgspec.MsgspecError:
            job = None
        if self._stopping.is_set():
            return Ended(ScheduleState.BROKEN_OFF, job=job)
        good = status == ExitStatus.OK
        return Ended(ScheduleState.DONE if good else ScheduleState.FAILED, status, said, job)


def command(schedule: Schedule) -> list[str]:
    """Return what a person would type, but `voicectl`."""
    formats = [word for name in schedule.formats for word in ("-f", name)]
    recursive = ["-r"] if schedule.recursive else []
    chatter = ["--log-level", "warning", "--json"]
    return [
        "run",
        schedule.recipe,
        *("-o", schedule.output),
        *formats,
        *recursive,
        *chatter,
        *schedule.paths,
    ]
