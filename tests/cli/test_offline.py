"""The whole command line without a network, and without a try to reach one."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import COMMAND, Ran
from tests.waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

GUARD = """
import os, sys, traceback

def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"):
        outside = arguments[0].family != 1  # AF_UNIX
    else:
        outside = event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
    if outside:
        with open(os.environ["GUARD_LOG"], "a") as log:
            log.write(f"{sys.argv}: {event} {arguments}\\n")
        raise OSError("there is no network")

sys.addaudithook(watch)
"""
"""In every Python process: says who reaches for anything but a Unix socket, and stops it."""


class Alone:
    """A user whose machine has no network."""

    def __init__(self, cli: Cli, folder: Path) -> None:
        self.log = folder / "reached"
        self.cli = cli
        (folder / "sitecustomize.py").write_text(GUARD)
        # Not measured: while the guard looks at "sys.settrace", Python refuses the trace of any
        # other thread that begins, and that thread never runs.
        measured = {name: "" for name in cli.env if name.startswith("COVERAGE_PROCESS_")}
        self._env = cli.env | measured | {"PYTHONPATH": str(folder), "GUARD_LOG": str(self.log)}
        may = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
        # Native code is not watched by the guard: where the kernel lets us, nothing is there.
        self._inside = ["unshare", "-rn"] if may.returncode == 0 else []

    def run(self, *arguments: str | Path, status: int = 0, **more: str) -> Ran:
        ran = subprocess.run(
            [*self._inside, *COMMAND, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.cli.folder,
            env=self._env | more,
            timeout=PATIENCE,
            check=False,
        )
        assert ran.returncode == status, f"{arguments}: {ran.stdout}{ran.stderr}"
        return Ran(ran.stdout, ran.stderr, ran.returncode)


@pytest.fixture
def alone(fresh: Cli, tmp_path: Path) -> Alone:
    return Alone(fresh, tmp_path)


def test_every_command_works_and_reaches_for_nothing(alone: Alone) -> None:
    alone.cli.clip("a.wav", 0.0, 4.0)
    alone.cli.site.config.chmod(0o600)
    asked = ("transcribe", "a.wav", "--offline", "-f", "all", "-o", "out")
    alone.run(*asked)
    alone.run(*asked)
    assert (
        "voicectl models import FOLDER small"
        in alone.run(*asked, "--model", "small", status=4).stderr
    )
    for command in (
        ("calls", "list"),
        ("calls", "show"),
        ("calls", "search", "the"),
        ("calls", "export", "-f", "all,parquet", "-o", "again"),
        ("sql", "select count(*) from words"),
        ("jobs", "list"),
        ("status",),
        ("models", "list"),
        ("models", "export", "models.tar", "tiny.en"),
        ("models", "import", "models.tar"),
        ("models", "verify", "tiny.en"),
        ("doctor",),
        ("calls", "delete", "last", "--yes"),
        ("stop",),
    ):
        alone.run(*command)
    alone.run("models", "get", "large-v3", status=4)
    assert not alone.log.exists(), alone.log.read_text()


def test_the_guard_would_tell(alone: Alone) -> None:
    """Fetching is the one thing that reaches outside: it fails in words, and is seen."""
    alone.cli.site.config.write_text("")
    index = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple"}
    ran = alone.run("models", "get", "tiny.en", status=4, **index, PIP_RETRIES="0")
    assert "the model 'tiny.en' could not be fetched" in ran.stderr
    assert "getaddrinfo" in alone.log.read_text()
    assert [path.name for path in (alone.cli.home / "models").iterdir()] == [".tiny.en.lock"]
