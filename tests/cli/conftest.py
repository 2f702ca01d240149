"""The real command in a process of its own, with a data folder and a daemon of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[1] / "data"
CALL = DATA / "call_en_0_2ch_mulaw.wav"
MONO = DATA / "call_en_0_mono.wav"
COMMAND = [sys.executable, "-m", "voicectl.cli.main"]
PATIENCE = 180.0
"""Seconds that a command on a busy machine may take."""


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
    """One user with one data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Where commands are run."""
        self.command = COMMAND
        self.call = CALL
        """Two parties, one a channel."""
        self.home = folder / "home"
        self.home.mkdir(mode=0o700)
        ours = ("VOICECTL_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "XDG_")
        self.env = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        self.env |= {"VOICECTL_HOME": str(self.home), "VOICECTL_CONFIG": str(folder / "site.toml")}
        (folder / "site.toml").write_text("")

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
    def daemon(self) -> int | None:
        """The PID of the daemon; None when there is none."""
        found = self.run("status", "--json").json
        return found["pid"] if found["up"] else None

    def leave(self) -> None:
        """Stop the daemon and wait until it is gone."""
        daemon = self.daemon
        if daemon is None:
            return
        self.run("stop")
        with suppress(TimeoutError):
            self.wait_until(lambda: not Path(f"/proc/{daemon}").exists(), 20.0)
            return
        os.kill(daemon, signal.SIGKILL)

    @staticmethod
    def wait_until(true: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until something is true."""
        end = time.monotonic() + seconds
        while not true():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.05)


def models() -> Path:
    """Return where the weights are; skip the test when nobody fetched them."""
    usual = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "voicectl/models"
    folder = Path(os.environ.get("VOICECTL_TEST_MODELS", usual))
    if not (folder / "tiny.en/model.bin").exists():
        pytest.skip("the models are not here; ./install.sh test fetches them")
    return folder


@contextmanager
def user(*, with_models: bool) -> Iterator[Cli]:
    """Make a user, and end what it started."""
    with tempfile.TemporaryDirectory(prefix="voicectl-", ignore_cleanup_errors=True) as name:
        cli = Cli(Path(name))
        if with_models:
            (cli.home / "models").symlink_to(models())
        try:
            yield cli
        finally:
            cli.leave()


@pytest.fixture
def cli() -> Iterator[Cli]:
    """A user without models, for what needs none."""
    with user(with_models=False) as made:
        yield made


@pytest.fixture
def fresh() -> Iterator[Cli]:
    """A user who never transcribed anything."""
    with user(with_models=True) as made:
        yield made


@pytest.fixture(scope="session")
def settled() -> Iterator[Cli]:
    """A user with one call of two parties and one recording that failed; look, do not touch."""
    with user(with_models=True) as made:
        (made.folder / "bad.wav").write_bytes(b"no recording at all")
        (made.folder / "call.wav").symlink_to(CALL)
        names = ("--channel-names", "agent,caller")
        ran = made.run("transcribe", "call.wav", "bad.wav", "-o", "text", *names)
        assert ran.status == 1, ran.stderr
        yield made
