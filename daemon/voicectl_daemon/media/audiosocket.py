"""AudioSocket, as Asterisk speaks it: kind, length, payload.

Asterisk is the client. Each message has a kind (1 byte), the length of what
follows (2 bytes, big-endian) and so many bytes. The first one is the UUID of
the call. Source: `res_audiosocket.c` of Asterisk 22 and its documentation of
the channel driver.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from uuid import UUID

from voicectl_daemon.media.said import (
    BadPeer,
    Digit,
    Left,
    Said,
    Sound,
    Strange,
    is_key,
    named,
)

HANGUP, IDENTITY, DIGIT, ERROR = 0x00, 0x01, 0x03, 0xFF
RATES = {
    0x10: 8_000, 0x11: 12_000, 0x12: 16_000, 0x13: 24_000, 0x14: 32_000,
    0x15: 44_100, 0x16: 48_000, 0x17: 96_000, 0x18: 192_000,
}  # fmt: skip
"""Hertz of signed linear sound, by kind."""
FIRST = bytes((IDENTITY, 0, 16))
"""How every connection begins."""
FRAME_SECONDS = 0.02
_HEADER = struct.Struct(">BH")
_WENT_WRONG = {0x01: "hangup", 0x02: "frames could not be forwarded", 0x04: "out of memory"}


class AudioSocket:
    """One connection; keeps the promises of `Transport`."""

    def __init__(self) -> None:
        self.farewell = message(HANGUP, b"")
        # Silence at once: Asterisk keeps a call silent both ways when nobody speaks first.
        self.hello = message(0x10, bytes(320))
        self._waiting = bytearray()
        self._odd = b""
        self._kind = 0
        self._known = False
        self._strange: set[int] = set()

    def feed(self, data: bytes, now: float) -> Iterator[Said]:
        """Yield what the bytes mean."""
        self._waiting += data
        while len(self._waiting) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._waiting)
            if not self._known and (kind, length) != (IDENTITY, 16):
                raise BadPeer("it does not begin with the UUID of a call, as AudioSocket does")
            end = _HEADER.size + length
            if len(self._waiting) < end:
                return
            payload = bytes(self._waiting[_HEADER.size : end])
            del self._waiting[:end]
            yield from self._meant(kind, payload)

    def rest(self) -> Iterator[Said]:
        """Yield whole samples of a frame that was cut off in its middle."""
        if len(self._waiting) > _HEADER.size and (kind := self._waiting[0]) in RATES:
            yield from self._sound(kind, bytes(self._waiting[_HEADER.size :]))
        self._waiting.clear()

    def frame(self) -> bytes:
        """Return 20 ms of silence in the kind in which the peer speaks."""
        if self._kind not in RATES:
            return message(0x10, bytes(320))
        return message(self._kind, bytes(2 * round(RATES[self._kind] * FRAME_SECONDS)))

    def _meant(self, kind: int, payload: bytes) -> Iterator[Said]:
        if kind in RATES:
            yield from self._sound(kind, payload)
        elif kind == IDENTITY:
            yield from self._identity(payload)
        elif kind == DIGIT:
            if is_key(key := payload.decode("ascii", "replace")):
                yield Digit(key)
        elif kind == HANGUP:
            yield Left()
        elif kind == ERROR:
            yield Left(_WENT_WRONG.get(payload[0] if payload else 0, "Asterisk reports an error"))
        elif kind not in self._strange:
            self._strange.add(kind)
            yield Strange(f"messages of the unknown kind 0x{kind:02x} are passed over")

    def _identity(self, payload: bytes) -> Iterator[Said]:
        if self._known:
            yield Strange("it says again which call it is")
            return
        self._known = True
        yield named(str(UUID(bytes=payload)))

    def _sound(self, kind: int, payload: bytes) -> Iterator[Said]:
        if self._odd and kind != self._kind:
            self._odd = b""
        self._kind = kind
        whole = self._odd + payload
        self._odd = whole[len(whole) & ~1 :]
        if len(whole) > 1:
            yield Sound(RATES[kind], whole[: len(whole) & ~1])


def message(kind: int, payload: bytes) -> bytes:
    """Return one message, to be sent in one piece: Asterisk cannot put a cut header together."""
    return _HEADER.pack(kind, len(payload)) + payload
