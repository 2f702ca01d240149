"""The least that our end of a line needs: takes calls, and keeps what they say."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.typing import Subprotocol

IDENTITY, SOUND = 0x01, 0x10
SILENCE = bytes((SOUND, 1, 64)) + bytes(320)


@dataclass
class Heard:
    """One connection."""

    name: str
    """By which the peer calls itself."""
    line: socket.socket
    sound: bytearray = field(default_factory=bytearray)
    sizes: set[int] = field(default_factory=set)
    """Bytes of the frames."""
    said: dict[str, Any] = field(default_factory=dict)
    """What came with it."""
    over: threading.Event = field(default_factory=threading.Event)

    def hear(self, frame: bytes) -> None:
        """Keep a frame."""
        self.sound += frame
        self.sizes.add(len(frame))

    def cut(self) -> None:
        """Break off as the kernel does for a process that was killed: by a reset."""
        self.line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with suppress(OSError):
            self.line.shutdown(socket.SHUT_RD)
        self.line.close()


@dataclass
class Listener:
    """Where it listens, and what it heard, a connection each."""

    port: int
    heard: list[Heard]

    def named(self, name: str) -> Heard:
        """Return what a peer has said, all of it."""
        (found,) = (each for each in self.heard if each.name == name)
        assert found.over.wait(10.0), f"{name} stays"
        return found


class _Connection(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with suppress(OSError, ValueError):  # it was cut
            heard = self.begun()
            self.server.heard.append(heard)
            try:
                self.listen(heard)
            finally:
                heard.over.set()

    def begun(self) -> Heard:
        raise NotImplementedError

    def listen(self, heard: Heard) -> None:
        raise NotImplementedError


class _AudioSocket(_Connection):
    def begun(self) -> Heard:
        first = self._message()
        assert first
        assert first[0] == IDENTITY
        self.wfile.write(SILENCE)
        return Heard(str(UUID(bytes=first[1])), self.connection)

    def listen(self, heard: Heard) -> None:
        while message := self._message():
            if message[0] == SOUND:
                heard.hear(message[1])

    def _message(self) -> tuple[int, bytes] | None:
        header = self.rfile.read(3)
        return (header[0], self.rfile.read(int.from_bytes(header[1:]))) if header else None


class _Uid(_Connection):
    def begun(self) -> Heard:
        name = bytearray()
        while (letter := self.rfile.read(1)) not in (b"", b"\r"):
            name += letter
        return Heard(name.decode(), self.connection)

    def listen(self, heard: Heard) -> None:
        while some := self.rfile.read1(65536):
            heard.hear(some)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    heard: list[Heard]


TRANSPORTS = {"audiosocket": _AudioSocket, "uid": _Uid}


@contextmanager
def listening(transport: str = "audiosocket") -> Iterator[Listener]:
    """Take calls on a free port of 127.0.0.1."""
    with _Server(("127.0.0.1", 0), TRANSPORTS[transport]) as server:
        server.heard = []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield Listener(server.server_address[1], server.heard)
        server.shutdown()
        thread.join()


@contextmanager
def listening_to_websockets() -> Iterator[Listener]:
    """Take calls as chan_websocket brings them."""
    heard: list[Heard] = []

    def take(connection: ServerConnection) -> None:
        start = json.loads(connection.recv())
        assert connection.request
        said = dict(parse_qsl(urlsplit(connection.request.path).query))
        mine = Heard(said.get("leg", ""), connection.socket, said=said | start)
        heard.append(mine)
        try:
            for message in connection:
                if isinstance(message, bytes):
                    mine.hear(message)
        except ConnectionClosed:
            pass
        finally:
            mine.over.set()

    media = Subprotocol("media")
    with serve(take, "127.0.0.1", 0, subprotocols=[media], close_timeout=0.2) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield Listener(server.socket.getsockname()[1], heard)
        server.shutdown()
        thread.join()
