"""A data folder with a daemon of its own, and what its work costs.

The daemon and its workers are no children of the command that started them, so
their CPU seconds are read from the process table, before and after.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from cost import Cost, run

from voicectl.client import Door
from voicectl.errors import DaemonUnreachable
from voicectl.paths import Home

COMMAND = str(Path(sys.executable).parent / "voicectl")
LINGER = "[daemon]\nlinger_seconds = 1800.0\n"
"""A daemon stays warm while others are measured; it leaves when it is told to."""


@dataclass(frozen=True)
class Memory:
    """Bytes, summed over the daemon and its workers."""

    rss: int
    """Resident; what processes share counts in each of them."""
    pss: int
    """The same with what is shared divided between them."""
    peak: int
    """The most that was ever resident."""


class House:
    """One user of one data folder."""

    def __init__(self, folder: Path, models: Path) -> None:
        self._folder = folder
        self.home = Home(folder / "home")
        self.home.folder.mkdir(mode=0o700)
        self.home.models.symlink_to(models)
        (folder / "site.toml").write_text(LINGER)
        ours = ("VOICECTL_", "XDG_", "NO_COLOR", "FORCE_COLOR", "COLUMNS")
        self._env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self._env |= {
            "VOICECTL_HOME": str(self.home.folder),
            "VOICECTL_CONFIG": str(folder / "site.toml"),
        }
        self._orders = 0

    def run(self, *arguments: str | Path) -> Cost:
        """Run a command of voicectl; count what the daemon does meanwhile."""
        before = self.cpu()
        cost = run([COMMAND, *map(str, arguments)], self._env)
        return Cost(cost.wall, cost.cpu + self.cpu() - before)

    def transcribe(
        self, recordings: Sequence[Path], *flags: str
    ) -> tuple[Cost, dict[str, dict[str, Any]]]:
        """Transcribe anew; return the cost and the json of each recording by its stem."""
        self._orders += 1
        out = self._folder / f"out-{self._orders}"
        cost = self.run("transcribe", *recordings, *flags, "-f", "json", "-o", out, "--force")
        return cost, {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}

    def translate(self, recordings: Sequence[Path], language: str) -> dict[str, str]:
        """Take recordings in a language through the recipe; return each in English by its stem."""
        self._orders += 1
        out = self._folder / f"out-{self._orders}"
        change = ("--set", f"transcribe.language={language}")
        self.run("run", "translate", *recordings, *change, "-f", "txt", "-o", out, "--force")
        return {
            path.stem: (out / f"{path.stem}.en.txt").read_text()
            if (out / f"{path.stem}.en.txt").exists()
            else (out / f"{path.stem}.txt").read_text()
            for path in recordings
        }

    def open(self) -> Door:
        """Return the door; the daemon is started when there is none."""
        os.environ.update(self._env)
        return Door.open()

    def leave(self) -> None:
        """Stop the daemon and wait until it is gone."""
        daemon = self._daemon()
        if daemon is None:
            return
        run([COMMAND, "stop"], self._env)
        daemon.wait(30)

    def memory(self) -> Memory:
        """Return what the daemon and its workers hold."""
        found = [process.memory_full_info() for process in self._processes()]
        return Memory(
            rss=sum(each.rss for each in found),
            pss=sum(each.pss for each in found),
            peak=sum(_peak(process.pid) for process in self._processes()),
        )

    def cpu(self) -> float:
        """Return the CPU seconds of the daemon, its workers, and those of them that are gone."""
        total = 0.0
        for process in self._processes():
            # One that ended meanwhile is among the children of the daemon.
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
        return total

    def _daemon(self) -> psutil.Process | None:
        try:
            pid = int(self.home.lock.read_text())
            with Door(self.home) as door:
                return psutil.Process(pid) if door.status().pid == pid else None
        except (OSError, ValueError, psutil.NoSuchProcess, DaemonUnreachable):
            return None

    def _processes(self) -> list[psutil.Process]:
        daemon = self._daemon()
        return [daemon, *daemon.children(recursive=True)] if daemon else []


@contextmanager
def house(models: Path) -> Iterator[House]:
    """Make a house; end what was started in it, also when somebody ends the benchmark."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by a signal"))
    with tempfile.TemporaryDirectory(prefix="voicectl-bench-") as name:
        made = House(Path(name), models)
        try:
            yield made
        finally:
            made.leave()


def _peak(pid: int) -> int:
    """Return the most that was ever resident; 0 when the process has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0
