"""Recordings with damage: what a full disk, a bad line or a bad mind makes of good ones."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.soak import recordings

HEADER = 256
"""Bytes in which the more interesting damage is done."""
NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


@dataclass(frozen=True)
class Mutant:
    """One damaged recording."""

    name: str
    """Number, damage, and what it was made of, such as `0012-cut-call.flac`."""
    content: bytes
    kept: float
    """Share of a good recording that is left; more than 1 when something was added."""
    told: bool
    """Whether its header, which is whole, says how long it should be."""


def mutants(count: int, seed: int, url: str) -> Iterator[Mutant]:
    """Yield `count` mutants; the same ones for the same seed."""
    port = url.rpartition(":")[2]
    texts = {
        name: text.replace("{url}", url).replace("{port}", port).encode()
        for name, text in recordings.POINTERS.items()
    }
    good = recordings.good()
    everything = list((good | texts).items())
    for number in range(count):
        dice = random.Random(f"{seed}.{number}")
        # Each kind in turn, so that a small sample has all of them.
        origin, content = everything[number % len(everything)]
        damage = list(DAMAGES)[(number // len(everything) + number) % len(DAMAGES)]
        other = dice.choice(list(good.values()))
        spoilt = DAMAGES[damage](bytearray(content), dice, other)
        told = damage == "cut" and origin.endswith(recordings.TOLD) and len(spoilt) > HEADER
        kept = len(spoilt) / len(content)
        yield Mutant(f"{number:04}-{damage}-{origin}", bytes(spoilt), kept, told)


def _place(content: bytearray, dice: random.Random) -> int:
    """A place in the file, as often in its header as in all the rest."""
    return dice.randrange(min(len(content), dice.choice((HEADER, len(content)))))


def _flip(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    for _ in range(dice.choice((1, 4, 32, 256))):
        content[_place(content, dice)] ^= 1 << dice.randrange(8)
    return content


def _header(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    for _ in range(dice.choice((1, 2, 8))):
        content[dice.randrange(min(HEADER, len(content)))] = dice.randrange(256)
    return content


def _number(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    """A size, a rate or a count that makes no sense."""
    form = dice.choice(("<I", ">I", "<H", ">H", "B"))
    size = struct.calcsize(form)
    for _ in range(dice.choice((1, 1, 3))):
        at = min(_place(content, dice), len(content) - size)
        number = dice.choice(NUMBERS) & ((1 << 8 * size) - 1)
        content[at : at + size] = struct.pack(form, number)
    return content


def _cut(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    return content[: dice.randrange(len(content))]


def _behead(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    return content[_place(content, dice) :]


def _double(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    start, end = sorted((_place(content, dice), _place(content, dice)))
    at = _place(content, dice)
    return content[:at] + content[start:end] * dice.choice((1, 2, 16)) + content[at:]


def _lose(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    start, end = sorted((_place(content, dice), _place(content, dice)))
    return content[:start] + content[end:]


def _swap(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    a, b, c = sorted(_place(content, dice) for _ in range(3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def _noise(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    at = _place(content, dice)
    junk = dice.randbytes(dice.choice((1, 100, 5_000)))
    return content[:at] + junk + content[at + dice.choice((0, len(junk))) :]


def _blank(content: bytearray, dice: random.Random, _other: bytes) -> bytearray:
    """What a file system leaves after a power cut: whole blocks of one byte."""
    at = _place(content, dice)
    size = min(dice.choice((16, 512, 4_096)), len(content) - at)
    content[at : at + size] = bytes([dice.choice((0, 0xFF))]) * size
    return content


def _graft(content: bytearray, dice: random.Random, other: bytes) -> bytearray:
    """The header of one, the rest of another."""
    return content[: _place(content, dice)] + other[dice.randrange(len(other)) :]


Damage = Callable[[bytearray, random.Random, bytes], bytearray]
DAMAGES: dict[str, Damage] = {
    "flip": _flip,
    "header": _header,
    "number": _number,
    "cut": _cut,
    "behead": _behead,
    "double": _double,
    "lose": _lose,
    "swap": _swap,
    "noise": _noise,
    "blank": _blank,
    "graft": _graft,
}
