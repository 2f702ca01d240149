"""WebSocket frames without sockets, for both ends; here alone the library is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from websockets.client import ClientProtocol
from websockets.frames import Close, CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from voicectl_daemon.media.said import Answer, BadPeer

SUBPROTOCOL = Subprotocol("media")
LARGEST = 65_536
"""Bytes of a message that are taken; a frame of Asterisk's has 320 or so."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The connection is open; for this path and query."""

    path: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The peer has closed the connection, politely."""


Told: TypeAlias = Asked | str | bytes | Gone | Answer
"""Text is whole; bytes come as soon as they are there."""


class Framing:
    """The server's end of one connection."""

    def __init__(self) -> None:
        # Browsers name an origin: no page that somebody opens here shall make calls.
        self._protocol = ServerProtocol(
            origins=[None], subprotocols=[SUBPROTOCOL], max_size=LARGEST
        )
        self._text = b""
        self._in_text = False

    def feed(self, data: bytes) -> Iterator[Told]:
        """Yield what the bytes mean. Raises `BadPeer`."""
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._protocol.send_response(self._protocol.accept(event))
                if self._protocol.handshake_exc is None:
                    yield from self._answers()
                    yield Asked(event.path)
            elif isinstance(event, Frame):
                yield from self._meant(event)
        yield from self._answers()
        if error := self._protocol.handshake_exc or self._protocol.parser_exc:
            raise BadPeer(f"it is no WebSocket as Asterisk opens it: {type(error).__name__}")

    def _answers(self) -> Iterator[Answer]:
        if raw := b"".join(self._protocol.data_to_send()):
            yield Answer(raw)

    def _meant(self, frame: Frame) -> Iterator[Told]:
        if frame.opcode is Opcode.CLOSE:
            yield Gone()
        elif frame.opcode is Opcode.TEXT or (frame.opcode is Opcode.CONT and self._in_text):
            self._text += frame.data
            self._in_text = not frame.fin
            if frame.fin:
                text, self._text = self._text, b""
                yield text.decode("utf-8", "replace")
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT):
            yield bytes(frame.data)


def text(said: str, *, mask: bool = False) -> bytes:
    """Return a message of text; a client masks it."""
    return Frame(Opcode.TEXT, said.encode()).serialize(mask=mask)


def binary(raw: bytes, *, mask: bool = False) -> bytes:
    """Return a message of bytes; a client masks it."""
    return Frame(Opcode.BINARY, raw).serialize(mask=mask)


def close(*, mask: bool = False) -> bytes:
    """Return the frame that ends a connection; a client masks it."""
    reason = Close(CloseCode.NORMAL_CLOSURE, "").serialize()
    return Frame(Opcode.CLOSE, reason).serialize(mask=mask)


def request(where: str) -> bytes:
    """Return how a client begins, at an address such as `ws://127.0.0.1:8301/media`."""
    client = ClientProtocol(parse_uri(where), subprotocols=[SUBPROTOCOL])
    return client.connect().serialize()
