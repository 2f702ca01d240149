"""A daemon that serves, the calls on its line, and what became of them."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import uuid
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from tests.conftest import Site
from voicectl import parse
from voicectl.client import Door
from voicectl.errors import DaemonUnreachable
from voicectl.live import LiveCall, LiveView
from voicectl_daemon.media.caller import Played

LINE = """
[[listen]]
name = "pbx"
port = 0
[live]
language = "en"
"""
"""Takes calls of AudioSocket on a port that is free."""
SAID = (
    "please enter the number to be blacklisted all nouns alongside the word sie for you always "
    "begin with a capital letter even in the middle of a sentence the conference is now locked"
)
"""In the first quarter of a minute of the call, as tests/data/call_en_0.stm has it."""
SECONDS = 3.0
"""Of a call, before something happens to it."""


def words(text: str) -> str:
    return " ".join(re.findall(r"[a-z']+", text.lower()))


def live(view: LiveView) -> str:
    """Return the words that were told while the call went on."""
    return words(" ".join(turn.text for turn in view.turns))


def sound(view: LiveView) -> bytes:
    """Return what is in the recording, as a reader sees it that is not ours."""
    with wave.open(view.call.recording) as file:
        frames: bytes = file.readframes(file.getnframes())
    return frames


class Line:
    """A daemon that serves, and the port on which it takes calls."""

    def __init__(self, site: Site, door: Door) -> None:
        self.site, self.door = site, door
        self.told = Played()
        """How the calls went that were played last."""
        self._peers = ExitStack()

    @property
    def port(self) -> int:
        self.site.wait_until(lambda: any(line.port for line in self.door.lines()), "it listens")
        return max(line.port for line in self.door.lines())

    @contextmanager
    def played(
        self, path: Path, *, transport: str = "audiosocket", calls: int = 1, rate: int = 8000
    ) -> Iterator[None]:
        """Play a recording as calls while the block runs, and to their end."""
        player = "phone" if transport == "sip" else "media"
        caller = [sys.executable, "-P", "-m", f"voicectl_daemon.{player}.caller"]
        where, rate = f"127.0.0.1:{self.port}", 16_000 if transport == "uid" else rate
        command = [*caller, where, transport, str(rate), str(calls), str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            yield
            told, _ = process.communicate()
        self.told = parse.json(told, Played)

    def ended(self, count: int = 1) -> list[LiveView]:
        """Wait until so many calls are over and told; return them as they came."""

        def over() -> list[LiveCall]:
            return [call for call in self.door.live(ended=True) if call.told and call.job]

        self.site.wait_until(lambda: len(over()) >= count, f"{count} calls are over and told")
        calls = sorted(over(), key=lambda call: call.started)
        return [self.door.live_call(call.id) for call in calls]

    def batch(self, view: LiveView) -> str:
        """Return the words that were found in the recording afterwards."""
        return self.found(str(view.call.job))

    def found(self, job: str) -> str:
        """Return the words that a job has found in its one recording."""
        self.site.wait_until(lambda: self.door.job(job).state == "finished", "it is worked on")
        (task,) = self.door.tasks(job)
        record = self.door.call(str(task.call))
        assert record.transcript is not None
        return words(record.transcript.text)

    def asked(self, path: str) -> httpx.Response:
        """Return what the door answers to whoever is no client of ours."""
        way = httpx.HTTPTransport(uds=str(self.site.home.socket))
        with httpx.Client(transport=way, base_url="http://voicectl") as client:
            return client.get(path)

    def turns(self) -> bool:
        """Whether something was told of a call in progress."""
        return any(self.door.live_call(call.id).turns for call in self.door.live())

    def recorded(self) -> bool:
        """Whether so much of a call in progress is recorded."""
        return any(call.seconds > SECONDS for call in self.door.live())

    def knock(self, *said: bytes) -> socket.socket:
        """Call without a telephone system."""
        peer = self._peers.enter_context(socket.create_connection(("127.0.0.1", self.port)))
        for each in said:
            peer.sendall(each)
        return peer

    @contextmanager
    def up(self) -> Iterator[socket.socket]:
        """Have a call that is up, by AudioSocket."""
        peer = self.knock(b"\x01\x00\x10" + uuid.uuid4().bytes, b"\x10\x01\x40" + bytes(320))
        self.site.wait_until(self.door.live, "the call is up")
        yield peer

    def close(self) -> None:
        """Hang up."""
        self._peers.close()

    def child(self, module: str) -> psutil.Process:
        """Return the media process, or the ears."""
        return self.site.wait_until(lambda: self.site.running(module), f"{module} runs")[0]


def _answers(door: Door) -> bool:
    with suppress(DaemonUnreachable):
        return door.status().pid > 0
    return False


@contextmanager
def serve(site: Site, config: str) -> Iterator[Line]:
    site.configure(config)
    with (site.folder / "serve.log").open("ab") as log:
        command = [sys.executable, "-P", "-m", "voicectl.cli.main", "serve"]
        process = subprocess.Popen(command, stdout=log, stderr=log)
    with Door(site.home) as door:
        site.wait_until(lambda: _answers(door), "it serves")
        line = Line(site, door)
        try:
            yield line
        finally:
            line.close()
            site.end()
            process.wait()
    assert "Traceback" not in (site.folder / "serve.log").read_text()
