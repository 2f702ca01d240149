"""A copy of a recording with a tone where something must not be heard.

    python -m voicectl_models.beeping DESCRIPTOR

The order is read from stdin as JSON; the copy is written to the descriptor, which must be a
file. Whatever length it has, no more than some seconds of it are held. What goes wrong is told on
stdout as JSON. The original is only read.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Literal

import msgspec
import numpy as np

from voicectl import parse
from voicectl.errors import RecordingError, VoicectlError
from voicectl.interfaces import RATE
from voicectl_models import decode, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

Sound = Literal["tone", "silence"]
BLOCK_SECONDS = 20.0
READ = 1 << 22
"""Bytes that are read at a time to find the digest."""
PITCH = 1000.0
"""Hertz."""
LOUDNESS = 0.1
"""Of full scale: heard, and no shock in headphones."""
TELEPHONE = 8000
"""Hertz of most recordings; a copy of those has no more."""


class Order(msgspec.Struct, frozen=True):
    """What is to be copied."""

    path: str
    name: str
    sha256: str
    """Of the recording in which the stretches were found."""
    rate: int
    """Hertz of the recording."""
    stretches: tuple[tuple[float, float, int | None], ...]
    """Start, end, channel or None for all; in the order of their start."""
    format: str
    sound: Sound = "tone"


class Trouble(msgspec.Struct, frozen=True):
    """Why there is no copy."""

    code: str
    text: str
    hint: str


def beeped(
    blocks: Iterable[decode.Block], order: Order, sound: Callable[[int, int], NDArray[np.float32]]
) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of a recording with `sound` in place of the stretches."""
    for block in blocks:
        samples, offset = block.samples.copy(), round(block.offset * RATE)
        length = samples.shape[1]
        for start, end, channel in order.stretches:
            first, after = int(start * RATE) - offset, int(np.ceil(end * RATE)) - offset
            if after <= 0 or first >= length:
                continue
            first, after = max(first, 0), min(after, length)
            # A channel that is not there is every channel: rather too much than a name.
            legs = slice(None) if channel is None or channel >= len(samples) else channel
            samples[legs, first:after] = sound(offset + first, offset + after)
        yield samples


def tone(first: int, after: int) -> NDArray[np.float32]:
    """Return a tone whose phase goes on from block to block."""
    at = np.arange(first, after) * (2 * np.pi * PITCH / RATE)
    heard: NDArray[np.float32] = (LOUDNESS * np.sin(at)).astype(np.float32)
    return heard


def silence(first: int, after: int) -> NDArray[np.float32]:
    """Return nothing to hear."""
    return np.zeros(after - first, np.float32)


def copy(order: Order, target: BinaryIO) -> None:
    """Write the copy. Raises `RecordingError` when the recording is another one by now."""
    if digest(order) != order.sha256:
        raise RecordingError(
            f"{order.name} was changed after it was transcribed",
            hint="take it through the recipe again",
        )
    blocks = decode.blocks(order.path, order.name, BLOCK_SECONDS)
    rate = TELEPHONE if order.rate <= TELEPHONE else RATE
    heard = beeped(blocks, order, tone if order.sound == "tone" else silence)
    encode.write(heard, target, order.format, rate)


def digest(order: Order) -> str:
    """Return the SHA-256 of the recording as it is now."""
    found = hashlib.sha256()
    with decode.content(order.path, order.name) as file:
        while block := file.read(READ):
            found.update(block)
    return found.hexdigest()


def main() -> int:
    """Do one order."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the call
    order = parse.json(sys.stdin.buffer.read(), Order)
    try:
        with os.fdopen(int(sys.argv[1]), "w+b") as target:
            copy(order, target)
    except VoicectlError as error:
        sys.stdout.buffer.write(msgspec.json.encode(Trouble(error.code, error.text, error.hint)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
