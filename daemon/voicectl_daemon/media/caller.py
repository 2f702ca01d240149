"""Plays recordings as calls, as a telephone system would send them.

    python -m voicectl_daemon.media.caller ADDRESS TRANSPORT RATE CALLS FILE...

For trying out and for tests. Each call is one connection, paced by the clock
of 20 ms. At the end one line of JSON tells how it went.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec
import numpy as np

from voicectl.errors import UsageError, VoicectlError
from voicectl.interfaces import RATE
from voicectl_daemon.media import framing
from voicectl_daemon.media.audiosocket import FRAME_SECONDS, HANGUP, IDENTITY, RATES, message
from voicectl_daemon.media.websocket import LINEAR
from voicectl_models import decode
from voicectl_models.resampling import Stream

_KINDS = {rate: kind for kind, rate in RATES.items()}
_FORMATS = {rate: name for name, rate in LINEAR.items()}
_HEADERS_END = b"\r\n\r\n"


@dataclass(slots=True)
class Played:
    """How the calls went."""

    calls: int = 0
    frames_sent: int = 0
    frames_received: int = 0
    lost: int = 0
    """Calls that the other side ended."""
    lateness: list[float] = field(default_factory=list)
    """Seconds between two frames from the other side, less 20 ms."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a transport says things."""

    wrap: Callable[[bytes], bytes]
    """What is sent for a frame of sound."""
    begin: bytes
    end: bytes = b""
    request: bytes = b""
    """What comes before all that, and must be answered first."""
    spoken_to: bool = False
    """Whether the other side says something by the clock."""


def _audiosocket(rate: int, address: str) -> Manner:
    def wrap(frame: bytes) -> bytes:
        return message(_KINDS[rate], frame)

    return Manner(wrap, message(IDENTITY, uuid4().bytes), message(HANGUP, b""), spoken_to=True)


def _uid(rate: int, address: str) -> Manner:
    return Manner(bytes, f"{time.time():.3f}\r".encode())


def _websocket(rate: int, address: str) -> Manner:
    def wrap(frame: bytes) -> bytes:
        return framing.binary(frame, mask=True)

    start = {"event": "MEDIA_START", "connection_id": str(uuid4()), "format": _FORMATS[rate]}
    begin = framing.text(msgspec.json.encode(start).decode(), mask=True)
    where = f"ws://{address}/media?call={uuid4()}"
    return Manner(wrap, begin, framing.close(mask=True), framing.request(where))


MANNERS: dict[str, Callable[[int, str], Manner]] = {
    "audiosocket": _audiosocket,
    "uid": _uid,
    "websocket": _websocket,
}


def samples(path: str, rate: int) -> bytes:
    """Return a recording, its channels mixed, as signed linear samples. Raises `Undecodable`."""
    sound = np.concatenate([block.samples.mean(axis=0) for block in decode.blocks(path, path)])
    linear = (sound.clip(-1, 1) * 32767).astype(np.int16)
    if rate == RATE:
        return linear.tobytes()
    at_rate = Stream(RATE, rate).feed(linear)
    return bytes((at_rate.clip(-1, 1) * 32767).astype("<i2").tobytes())


async def play(address: str, manner: Manner, rate: int, sound: bytes, into: Played) -> None:
    """Play one call. What the other side says is counted and thrown away."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    counting = asyncio.create_task(_count(reader, into)) if manner.spoken_to else None
    size = 2 * round(rate * FRAME_SECONDS)
    into.calls += 1
    try:
        writer.write(manner.request)
        if manner.request:
            await reader.readuntil(_HEADERS_END)
        writer.write(manner.begin)
        due = asyncio.get_running_loop().time()
        for begin in range(0, len(sound), size):
            frame = sound[begin : begin + size]
            writer.write(manner.wrap(frame))
            into.frames_sent += 1
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            await writer.drain()
        writer.write(manner.end)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        into.lost += 1
    finally:
        if counting:
            counting.cancel()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def _count(reader: asyncio.StreamReader, into: Played) -> None:
    before: float | None = None
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readexactly(3)
            await reader.readexactly(int.from_bytes(head[1:], "big"))
            now = time.monotonic()
            if before is not None:
                into.lateness.append(round(now - before - FRAME_SECONDS, 4))
            before = now
            into.frames_received += 1


async def play_all(address: str, transport: str, rate: int, sounds: Sequence[bytes]) -> Played:
    """Play several calls at once, begun a little apart."""
    into = Played()

    async def later(place: int, sound: bytes) -> None:
        await asyncio.sleep(place * FRAME_SECONDS / 3)
        await play(address, MANNERS[transport](rate, address), rate, sound, into)

    await asyncio.gather(*(later(place, sound) for place, sound in enumerate(sounds)))
    return into


def main() -> None:
    """See the module."""
    address, transport, rate, calls, *paths = sys.argv[1:]
    try:
        known = [samples(path, int(rate)) for path in paths]
        sounds = [known[place % len(known)] for place in range(int(calls))]
        played = asyncio.run(play_all(address, transport, int(rate), sounds))
    except OSError as error:
        problem = UsageError(
            f"nobody takes calls on {address}: {error.strerror}",
            hint="is there a [[listen]] in voicectl.toml, and does `voicectl serve` run?",
        )
        sys.stdout.buffer.write(msgspec.json.encode(problem.to_wire()) + b"\n")
        sys.exit(problem.exit_status)
    except VoicectlError as error:
        sys.stdout.buffer.write(msgspec.json.encode(error.to_wire()) + b"\n")
        sys.exit(error.exit_status)
    sys.stdout.buffer.write(msgspec.json.encode(played) + b"\n")


if __name__ == "__main__":
    main()
