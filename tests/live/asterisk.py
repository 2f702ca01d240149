"""An Asterisk of one's own: its own address, its own folder, gone when it is left."""

from __future__ import annotations

import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx
import msgspec

from tests.live.prepare import FOLDER, PROGRAM
from tests.waiting import wait_until
from voicectl import parse
from voicectl.asterisk.settings import Asterisk as Settings
from voicectl.asterisk.snippets import Line, snippets

ETC = Path(__file__).parent / "etc"
EMPTY = {
    "": ("acl", "cdr", "cel", "features", "pjproject", "queuerules"),
    "[general]": ("ccss", "confbridge", "chan_websocket", "udptl"),
    "[general]\nenabled = no": ("manager",),
}
"""Files without which it complains, by what stands in them."""
STARTS_WITHIN = 60.0
"""Seconds."""
HUMANS = "Goto(calls,humans,1)"
"""How a dialplan brings callers to people here."""
USER, PASSWORD = "tests", "not-secret"
"""Of ARI."""


T = TypeVar("T")


class Place(msgspec.Struct):
    """Where in the dialplan a channel is."""

    exten: str
    app_name: str


class Channel(msgspec.Struct):
    """One that is up."""

    id: str
    name: str
    dialplan: Place


class App(msgspec.Struct):
    """One that hears of channels; `device_names` are those of whose states it hears, too."""

    name: str
    device_names: list[str]


class Bridge(msgspec.Struct):
    """One that is there."""

    id: str


class Asterisk:
    """One that runs."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        """Short, for the kernel limits the names of sockets."""
        self.address = address
        """An address of the loopback that nobody else has: all ports are the usual ones."""
        self.ari = f"http://{address}:8088/ari"
        self._conf = folder / "etc" / "asterisk.conf"
        self._process: subprocess.Popen[bytes] | None = None

    def rx(self, command: str) -> str:
        """Return what the console answers. Raises `CalledProcessError`."""
        console = (PROGRAM, "-n", "-C", self._conf, "-rx", command)
        return subprocess.run(console, capture_output=True, text=True, check=True).stdout

    def configure(self, name: str, text: str) -> None:
        """Write a file such as `mine.dialplan` that the shipped ones include, and read it."""
        (self.folder / "etc" / "site" / name).write_text(text)
        self.rx("core reload")

    def tell(self, line: Line, extension: str) -> None:
        """Tell it of a line, and of an extension of that name: applications, a line each."""
        mine = line.name or "helpline"
        settings = Settings(ari=f"http://{self.address}:8088")
        for snippet in snippets(line, settings, PASSWORD, HUMANS):
            name = snippet.file.removesuffix(".conf")
            if name == "extensions":
                applications = extension.replace("\n", "\n same => n,")
                text = f"{snippet.text}\n[calls](+)\nexten => {mine},1,{applications}\n"
                self.configure(f"{mine}.dialplan", text)
            elif name.endswith(".sh"):
                script = self.folder / "agi" / Path(name).name
                script.write_text(snippet.text)
                script.chmod(0o755)
            elif name != "http":  # which has its address already
                self.configure(f"{mine}.{name}", snippet.text)

    def hang_up(self) -> None:
        """Hang up on everybody, and wait until they are gone."""

        def gone() -> bool:
            self.rx("channel request hangup all")
            return not self.channels

        wait_until(gone, "everybody has hung up")

    @property
    def with_humans(self) -> int:
        """How many callers are with people."""
        return sum(each.dialplan.exten == "humans" for each in self.channels)

    @property
    def channels(self) -> list[Channel]:
        """The channels that are up."""
        return self._all("channels", list[Channel])

    @property
    def apps(self) -> list[App]:
        """The applications that hear of channels now."""
        return self._all("applications", list[App])

    @property
    def bridges(self) -> list[Bridge]:
        """The bridges that are there."""
        return self._all("bridges", list[Bridge])

    def _all(self, kind: str, type_: type[T]) -> T:
        # Not by its console, which says nothing now and then where there is much to do.
        answer = httpx.get(f"{self.ari}/{kind}", auth=(USER, PASSWORD), trust_env=False)
        return parse.json(answer.raise_for_status().content, type_)

    @property
    def log(self) -> str:
        """What it said."""
        return (self.folder / "log" / "full").read_text(errors="replace")

    def start(self) -> None:
        """Start it, and wait until it takes calls."""
        self._lay_out()
        with (self.folder / "console").open("wb") as console:
            # Whoever kills the tests kills it too.
            command = ("setpriv", "--pdeathsig", "KILL", PROGRAM, "-f", "-C", self._conf)
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            )
        end = time.monotonic() + STARTS_WITHIN
        while not self._is_ready():
            assert self._process.poll() is None, (self.folder / "console").read_text()
            assert time.monotonic() < end, f"Asterisk does not start: {self.log[-2000:]}"
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        with suppress(subprocess.CalledProcessError):
            return "fully booted" in self.rx("core waitfullybooted")
        return False

    def stop(self) -> None:
        """Hang up on everybody and end it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _lay_out(self) -> None:
        for name in ("etc/site", "agi", "lib", "log", "spool"):
            (self.folder / name).mkdir(parents=True)
        (modules,) = FOLDER.glob("usr/lib/*/asterisk/modules")
        told = {
            "@FOLDER@": self.folder,
            "@ADDRESS@": self.address,
            "@MODULES@": modules,
            "@DATA@": FOLDER / "usr" / "share" / "asterisk",
        }
        for template in ETC.iterdir():
            text = template.read_text()
            for word, meaning in told.items():
                text = text.replace(word, str(meaning))
            (self.folder / "etc" / template.name).write_text(text)
        for text, names in EMPTY.items():
            for name in names:
                (self.folder / "etc" / f"{name}.conf").write_text(f"{text}\n")
        for kind in ("ari", "dialplan", "websocket_client"):
            (self.folder / "etc" / "site" / f"none.{kind}").touch()


@contextmanager
def running() -> Iterator[Asterisk]:
    """Start one, and leave nothing of it."""
    folder = Path(tempfile.mkdtemp(prefix="vc-ast-"))
    asterisk = Asterisk(folder, _free_address())
    try:
        asterisk.start()
        yield asterisk
    finally:
        asterisk.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _free_address() -> str:
    """Return an address of the loopback on which nobody takes calls."""
    while True:
        address = ".".join(["127", *(str(random.randint(1, 254)) for _ in range(3))])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line, suppress(OSError):
            line.bind((address, 5060))
            return address
