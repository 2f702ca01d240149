"""Real parts for every test: a data folder, a daemon on a real socket, recordings of calls."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from tests.waiting import PATIENCE, wait_until
from voicectl.client import Door
from voicectl.paths import Home

CALL = Path(__file__).parent / "data" / "call_en_0_2ch_mulaw.wav"
_usual_cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
MODELS = Path(
    os.environ.get("VOICECTL_TEST_MODELS") or _usual_cache / "voicectl" / "models"
).absolute()
"""Where ./install.sh test puts the weights."""


def pytest_configure(config: pytest.Config) -> None:
    """Say which marks there are; let Ctrl-C be what it is at a terminal."""
    # A shell without job control starts what it puts in the background deaf to Ctrl-C,
    # and every process that the tests start would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # How long an example takes is the machine's affair: others work on it, too.
    settings.register_profile("voicectl", deadline=None)
    settings.load_profile("voicectl")
    config.addinivalue_line("markers", "root: mounts, unshares or gives away, which takes root")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this user cannot do, and say why."""
    if item.get_closest_marker("root") and os.getuid() != 0:
        pytest.skip("needs root: to mount, to unshare, to give a file away")


def is_gone(pid: int) -> bool:
    """Whether a process has ended, and everything it held is free."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        # Its first thread may have ended while another still holds its sockets.
        return process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
    return True


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a disk of its own on a folder; which takes root."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if "permission denied" in ran.stderr:
        pytest.skip("this machine does not let root mount a disk")
    ran.check_returncode()
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own settings reaches a test."""
    for name in list(os.environ):
        if name.startswith("VOICECTL_") or name in ("COLUMNS", "FORCE_COLOR", "XDG_RUNTIME_DIR"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VOICECTL_TEST_MODELS", str(MODELS))
    for name in ("DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    monkeypatch.setenv("NO_COLOR", "1")


class Site:
    """A data folder, its config, and whatever daemon works on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = Home(folder / "home")
        self.config = folder / "voicectl.toml"
        self.configure()

    def configure(self, text: str = "") -> None:
        """Write the config; it counts from the next daemon on."""
        self.config.write_text(f'models = "{MODELS}"\n{text}')

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this site."""
        return {"VOICECTL_HOME": str(self.home.folder), "VOICECTL_CONFIG": str(self.config)}

    @property
    def pid(self) -> int | None:
        """The daemon's; None when none is alive."""
        with suppress(OSError, ValueError):
            pid = int(self.home.lock.read_text())
            return pid if any(process.pid == pid for process in self.processes()) else None
        return None

    def processes(self) -> list[psutil.Process]:
        """Return the daemons and workers of this site that are alive."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            ours = process.environ().get("VOICECTL_HOME") == str(self.home.folder)
            mine = process.pid != os.getpid() and "voicectl_daemon" in " ".join(process.cmdline())
            return ours and mine and process.status() != psutil.STATUS_ZOMBIE
        return False

    def running(self, module: str) -> list[psutil.Process]:
        """Return those of them that run a module of the daemon's."""
        found = []
        for process in self.processes():
            with suppress(psutil.Error):  # it ends while it is looked at
                if f"voicectl_daemon.{module}" in process.cmdline():
                    found.append(process)
        return found

    def workers(self) -> list[psutil.Process]:
        """Return the workers that are alive, and those of their kind that look at recordings."""
        return self.running("worker")

    wait_until = staticmethod(wait_until)
    is_gone = staticmethod(is_gone)

    def is_open(self) -> bool:
        """Whether somebody listens at the door; its socket is there a moment before."""
        with suppress(OSError), socket.socket(socket.AF_UNIX) as knock:
            knock.connect(str(self.home.socket))
            return True
        return False

    def kill(self) -> None:
        """Take the daemon's life, and wait until it is over."""
        pid = self.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        self.wait_until(lambda: is_gone(pid), "it is dead")

    def end(self) -> None:
        """Stop the daemon as systemd would, and whatever is left as nobody should."""
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)
            with suppress(AssertionError):
                wait_until(lambda: self.pid is None, "the daemon ends", 30.0)
        for process in self.processes():
            with suppress(psutil.Error):
                process.kill()

    @property
    def log(self) -> str:
        """What the daemons of this site said."""
        with suppress(OSError):
            return self.home.log.read_text()
        return ""

    def check(self) -> None:
        """A daemon that prints a trace has a bug, whatever else it did."""
        assert "Traceback" not in self.log, self.log


@contextmanager
def new_site() -> Iterator[Site]:
    """Make a site, and end what works on it."""
    folder = Path(tempfile.mkdtemp(prefix="vc-"))
    site = Site(folder)
    try:
        yield site
        site.end()
        site.check()
    finally:
        site.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A fresh site that this process and its children talk to."""
    with new_site() as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture(scope="session")
def lasting_site() -> Iterator[Site]:
    """A site for all tests that only look."""
    with new_site() as made:
        yield made


@pytest.fixture
def home(site: Site) -> Home:
    """The data folder of a fresh site."""
    return site.home


@pytest.fixture(scope="session")
def weights() -> Path:
    """The folder of weights; without them nothing can be recognised."""
    for name in ("tiny.en", "base"):
        if not (MODELS / name / "model.bin").exists():
            pytest.skip(f"the weights {name} are not in {MODELS}: ./install.sh test fetches them")
    return MODELS


@pytest.fixture
def daemon(site: Site, weights: Path) -> Iterator[Door]:
    """A daemon, started as any command would; its door."""
    with Door.open() as door:
        yield door


def cut_call(start: float, seconds: float, times: int = 1) -> bytes:
    """Return a stretch of the shipped call as a recording: two channels, 8 kHz, mu-law."""
    whole = CALL.read_bytes()
    begin = whole.index(b"data") + 8
    first = begin + 2 * int(start * 8000)
    data = whole[first : first + 2 * int(seconds * 8000)] * times
    shape = b"".join(
        number.to_bytes(size, "little")
        for number, size in ((7, 2), (2, 2), (8000, 4), (16000, 4), (2, 2), (8, 2))
    )
    chunks = b"WAVE" + b"fmt " + (16).to_bytes(4, "little") + shape
    chunks += b"data" + len(data).to_bytes(4, "little") + data
    return b"RIFF" + len(chunks).to_bytes(4, "little") + chunks


@pytest.fixture(scope="session")
def cut() -> Callable[..., bytes]:
    """Return a stretch of the shipped call, of 70 s, as a recording of its own."""
    return cut_call


@pytest.fixture
def make_call(tmp_path: Path) -> Callable[..., Path]:
    """Write a stretch of the shipped call as a file."""

    def make(name: str, start: float, seconds: float, times: int = 1) -> Path:
        path = tmp_path / "calls" / f"{name}.wav"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(cut_call(start, seconds, times))
        return path

    return make


@pytest.fixture
def calls(make_call: Callable[..., Path]) -> Path:
    """A folder with three short calls."""
    for name, start, seconds in (("one", 0.0, 4.0), ("three", 26.0, 5.0), ("two", 12.5, 3.0)):
        folder = make_call(name, start, seconds).parent
    return folder


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


@pytest.fixture
def run(site: Site) -> Callable[..., Ran]:
    """The command line, in a process of its own."""

    def command(*arguments: str | Path, **more: str) -> Ran:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "voicectl.cli.main", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=site.folder,
            env=os.environ | more,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(ended.returncode, ended.stdout, ended.stderr)

    return command
