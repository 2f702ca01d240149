"""Call id, carriage return, and then bare samples until the connection closes.

Nothing on the wire says at which rate, or in which byte order, so both are
listened for: the order in the first half second of sound, the rate by how many
bytes come in a second. Bytes behind the carriage return, an odd byte at the end
of a packet and what came last are sound like the rest.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from voicectl.lines import Listen
from voicectl_daemon.media.said import (
    LONGEST_NAME,
    BadPeer,
    Said,
    Sound,
    Strange,
    named,
    printable,
)

RATE_SECONDS = 2.0
"""As long as sound is held back until its rate is known."""
RATES = (8_000, 16_000)
NEAR = 0.2
"""A stream is at one of the rates when it is no further off than this share."""


class Uid:
    """One connection; keeps the promises of `Transport`."""

    def __init__(self, settings: Listen) -> None:
        self.hello = self.farewell = b""
        self._rate: int = settings.rate
        self._order: str = settings.byte_order
        self._name = bytearray()
        self._known = False
        self._waiting = bytearray()
        self._settled = False
        self._began = 0.0
        self._come = 0

    def feed(self, data: bytes, now: float) -> Iterator[Said]:
        """Yield what the bytes mean."""
        if not self._known:
            name, mark, data = data.partition(b"\r")
            self._name += name
            if len(self._name) > LONGEST_NAME:
                raise BadPeer(f"no carriage return ends its id after {LONGEST_NAME} bytes")
            if not mark:
                return
            self._known = True
            self._began = now
            yield named(printable(self._name.decode("utf-8", "replace")))
        self._waiting += data
        self._come += len(data)
        if not self._settled and now - self._began >= RATE_SECONDS:
            yield from self._settle(now)
        if self._settled:
            yield from self._whole()

    def rest(self) -> Iterator[Said]:
        """Yield the end of a call, or all of one that was too short to tell its rate."""
        if self._known and not self._settled:
            yield from self._settle(None)
        yield from self._whole()

    def frame(self) -> bytes:
        """Say nothing: this peer does not listen."""
        return b""

    def _whole(self) -> Iterator[Sound]:
        even = len(self._waiting) & ~1
        samples = bytes(self._waiting[:even])
        del self._waiting[:even]
        if samples:
            big = self._order == "big"
            yield Sound(self._rate, swapped(samples) if big else samples)

    def _settle(self, now: float | None) -> Iterator[Said]:
        self._settled = True
        seconds = now - self._began if now is not None else 0.0
        if seconds and (found := rate_of(self._come / 2 / seconds)) not in (None, self._rate):
            yield Strange(f"it sends {found} samples a second and not {self._rate}: adapted")
            self._rate = found or self._rate
        if self._order == "auto":
            self._order = order_of(bytes(self._waiting))
            if self._order == "big":
                yield Strange("it sends samples in big-endian order: adapted")


def rate_of(samples_a_second: float) -> int | None:
    """Return which rate that is; None when it is none of them, as in a burst."""
    return next((rate for rate in RATES if abs(samples_a_second / rate - 1) <= NEAR), None)


def order_of(raw: bytes) -> str:
    """Return `little` or `big`: read the wrong way round, sound jumps from sample to sample.

    Silence is `little`, as Asterisk's signed linear is on the machines it runs on.
    """
    even = raw[: len(raw) & ~1]
    return "big" if _roughness(even, ">i2") < 0.5 * _roughness(even, "<i2") else "little"


def _roughness(raw: bytes, kind: str) -> float:
    samples = np.frombuffer(raw, kind).astype(np.float64)
    return float(np.abs(np.diff(samples)).sum()) if len(samples) > 1 else 0.0


def swapped(samples: bytes) -> bytes:
    """Return 16-bit samples with their bytes the other way round."""
    return np.frombuffer(samples, "<i2").byteswap().tobytes()
