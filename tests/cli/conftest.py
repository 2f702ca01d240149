"""The real command in a process of its own."""

import json
import os
import subprocess
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import CALL, Site, new_site
from tests.waiting import PATIENCE, wait_until
from voicectl import registry
from voicectl.client import Door
from voicectl.errors import DaemonUnreachable, UsageError

MONO = CALL.with_name("call_en_0_mono.wav")
COMMAND = [sys.executable, "-P", "-m", "voicectl.cli.main"]


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    stdout: str
    stderr: str
    status: int

    @property
    def json(self) -> Any:
        """The answer, read."""
        return json.loads(self.stdout)


class Cli:
    """One user of one site."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.folder = site.folder
        """Where commands are run."""
        self.home = site.home.folder
        self.command = COMMAND
        self.call = CALL
        """Two parties, one a channel."""
        ours = ("VOICECTL_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "XDG_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env |= site.environment

    def start(self, *arguments: str | Path, **more: Any) -> subprocess.Popen[str]:
        """Start a command and leave it to itself."""
        given = {"stdin": subprocess.DEVNULL, "cwd": self.folder, "env": self.env} | more
        return subprocess.Popen(
            [*COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **given,
        )

    def run(self, *arguments: str | Path, stdin: Path | None = None, **more: Any) -> Ran:
        """Run a command to its end."""
        with (stdin or Path(os.devnull)).open("rb") as given:
            child = self.start(*arguments, stdin=given, **more)
            return self.end(child)

    @staticmethod
    def end(child: subprocess.Popen[str]) -> Ran:
        """Wait for a command."""
        try:
            stdout, stderr = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
        return Ran(stdout, stderr, child.returncode)

    def clip(self, name: str, start: float = 0.0, seconds: float = 5.0) -> Path:
        """Cut a recording out of the English call."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(MONO)) as whole, wave.open(str(target), "wb") as cut:
            cut.setparams(whole.getparams())
            whole.setpos(int(start * whole.getframerate()))
            cut.writeframes(whole.readframes(int(seconds * whole.getframerate())))
        return target

    @property
    def states(self) -> list[str]:
        """Of the recordings of all jobs; asked without a process, which would slow the work."""
        with suppress(DaemonUnreachable), Door(self.site.home) as door:
            return [str(task.state) for job in door.jobs() for task in door.tasks(job.id)]
        return []

    @staticmethod
    def wait_until(true: Callable[[], object]) -> None:
        """Wait until something is true."""
        wait_until(true, "what the test waits for")


@pytest.fixture
def cli(site: Site) -> Cli:
    """A user whose site has no models, for what needs none."""
    site.config.write_text("")
    return Cli(site)


@pytest.fixture
def fresh(site: Site, weights: Path) -> Cli:
    """A user who never transcribed anything."""
    return Cli(site)


@pytest.fixture(scope="session")
def settled(weights: Path) -> Iterator[Cli]:
    """A user with one call of two parties and one recording that failed; look, do not touch."""
    with new_site() as site:
        made = Cli(site)
        (made.folder / "bad.wav").write_bytes(b"no recording at all")
        (made.folder / "call.wav").symlink_to(CALL)
        names = ("--channel-names", "agent,caller")
        ran = made.run("transcribe", "call.wav", "bad.wav", "-o", "text", *names)
        assert ran.status == 1, ran.stderr
        yield made


@pytest.fixture
def service_installed(weights: Path) -> None:
    """What asks the service must be there."""
    try:
        registry.find(registry.LANGUAGE_MODELS, "anthropic")
    except UsageError as error:
        pytest.skip(f"{error.text}; {error.hint}")


@pytest.fixture
def call(make_call: Callable[..., Path]) -> Path:
    """Twelve seconds of a call in which names are said."""
    return make_call("byron", 38.0, 12.0)
