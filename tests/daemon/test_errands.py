"""Schedules run by a real daemon, which is told lies about the time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.daemon.test_clock import CLOCK, HOUR
from tests.waiting import PATIENCE
from voicectl.client import Door
from voicectl.config import Schedule
from voicectl.errors import DaemonUnreachable, NotFound, UsageError
from voicectl_daemon.errands import Errands
from voicectl_daemon.timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ran, Site
    from voicectl.results import ScheduleLine
    from voicectl_daemon.ledger import Ledger

NIGHTLY = """
[[schedule]]
name = "nightly"
cron = "0 2 * * *"
timezone = "UTC"
recipe = "transcribe"
paths = ["in"]
output = "text"
formats = ["txt"]
"""
DAY = 24 * HOUR


class Server:
    """A daemon for good, as systemd would have it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.clock = site.folder / "clock"
        self.clock.write_text("0")
        (site.folder / "sitecustomize.py").write_text(CLOCK.format(place=str(self.clock)))
        self.door = Door(site.home)

    def start(self) -> None:
        """Start it, or the next one, and wait until its door is open."""
        with (self.site.folder / "serve.log").open("a") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-P", "-m", "voicectl.cli.main", "serve"],
                env=os.environ | {"PYTHONPATH": str(self.site.folder)},
                stderr=log,
            )
        self.site.wait_until(self.answers, "it answers")

    def answers(self) -> bool:
        try:
            return not self.door.status().on_demand
        except DaemonUnreachable:
            return False

    def later(self, seconds: float) -> None:
        """Set the clock of this machine, as far as the daemon knows."""
        self.clock.write_text(str(float(self.clock.read_text()) + seconds))

    @property
    def line(self) -> ScheduleLine:
        (found,) = self.door.schedules()
        return found

    def jobs(self) -> list[str]:
        return [job.command for job in self.door.jobs()]

    def errands(self) -> list[psutil.Process]:
        """Return the runs that are alive."""
        home = str(self.site.home.folder)
        found = []
        for process in psutil.process_iter():
            try:
                words = process.cmdline()
                ours = process.environ().get("VOICECTL_HOME") == home
                if "voicectl.cli.main" in words and "run" in words and ours:
                    found.append(process)
            except psutil.Error:
                continue
        return found


@contextmanager
def serving(site: Site) -> Iterator[Server]:
    server = Server(site)
    server.start()
    try:
        yield server
        assert "Traceback" not in (site.folder / "serve.log").read_text()
    finally:
        server.door.close()
        server.child.terminate()
        server.child.wait(PATIENCE)


@pytest.fixture
def inbox(site: Site, weights: Path, calls: Path) -> Path:
    site.configure(NIGHTLY)
    (site.folder / "in").mkdir()
    (calls / "one.wav").rename(site.folder / "in" / "one.wav")
    return site.folder / "in"


def test_a_night_missed_nights_and_a_recording_that_fails(site: Site, inbox: Path) -> None:
    with serving(site) as server:
        assert server.line.state == "waiting"
        assert server.line.next is not None
        server.later(DAY)
        site.wait_until(lambda: server.line.state == "done", "the first night")
        assert [path.name for path in (site.folder / "text").iterdir()] == ["one.txt"]
        assert (server.line.status, server.line.said) == (0, "")
        first = server.line.started
        (inbox / "bad.wav").write_bytes(b"no recording at all")
        server.later(DAY)
        site.wait_until(lambda: server.line.state == "failed", "the second night")
        assert server.line.status == 1
        assert "bad.wav cannot be decoded" in server.line.said
        assert server.line.job in [job.id for job in server.door.jobs()]
        server.child.terminate()
        server.child.wait(PATIENCE)
        (inbox / "bad.wav").unlink()
        server.later(5 * DAY)
        server.start()
        site.wait_until(lambda: server.line.state == "done", "five nights are caught up")
        assert server.line.started is not None
        assert first is not None
        assert (server.line.started - first).days >= 5
        assert len(server.jobs()) == 3


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
def test_a_run_that_loses_its_daemon(
    site: Site, inbox: Path, make_call: Callable[..., Path], how: signal.Signals
) -> None:
    make_call("long", 0.0, 40.0).rename(inbox / "long.wav")
    with serving(site) as server:
        server.later(DAY)
        site.wait_until(lambda: server.line.state == "running", "it runs")
        site.wait_until(lambda: server.door.status().running, "there is work")
        with pytest.raises(UsageError, match="runs already"):
            server.door.run_schedule("nightly")
        os.kill(server.child.pid, how)
        server.child.wait(PATIENCE)
        server.start()
        most = 0
        while server.line.state != "done":
            most = max(most, len(server.errands()))
            time.sleep(0.1)
        assert most <= 1, "never two at a time"
        texts = sorted(path.name for path in (site.folder / "text").iterdir())
        assert texts == ["long.txt", "one.txt"]
        site.wait_until(lambda: not server.errands(), "nobody is left")


def test_by_hand(site: Site, inbox: Path, run: Callable[..., Ran]) -> None:
    ran = run("schedules", "run", "nightly")
    assert ran.status == 0, ran.stderr
    assert (site.folder / "text" / "one.txt").exists()
    (inbox / "one.wav").write_bytes(b"no recording at all")
    failed = run("schedules", "run", "nightly", "--json")
    assert failed.status == 3
    assert '"state": "failed"' in failed.stdout
    listed = run("schedules", "list")
    assert "one.wav cannot be decoded" in listed.stdout
    assert "nothing runs them" in listed.stderr
    assert run("schedules", "run", "daily").status == 2
    with Door.open() as door, pytest.raises(NotFound):
        door.run_schedule("../nightly")
    site.configure()
    assert run("stop").status == 0
    assert "there are no schedules" in run("schedules", "list").stderr


def test_a_run_that_cannot_be_started_does_not_run_for_ever(
    site: Site, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.home.folder.mkdir()
    nightly = Schedule(name="n", cron="@daily", recipe="transcribe", paths=("in",), output="out")
    errands = Errands(Timetable(ledger, [nightly], serving=True), site.home)
    monkeypatch.setattr(sys, "executable", "/gone/python")
    for _ in range(2):
        errands.run(nightly)
        (line,) = errands.timetable.lines()
        assert line.state == "failed"
        assert line.said == "no process can be started: No such file or directory"


def test_a_daemon_holds_no_lock_of_cron(site: Site, weights: Path, run: Callable[..., Ran]) -> None:
    lock = site.folder / "lock"
    locked = f"exec 9> {lock}; flock -n 9 && {sys.executable} -P -m voicectl.cli.main jobs list"
    for _ in range(2):
        ran = subprocess.run(["bash", "-c", locked], capture_output=True, check=False)
        assert ran.returncode == 0, "the daemon of the first one holds it"
    assert site.pid is not None
