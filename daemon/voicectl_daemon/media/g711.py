"""ITU-T G.711: how telephones put a sample into a byte."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

Table: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.int16]]


def _mu_law() -> Table:
    code = 255 - np.arange(256)
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = (((mantissa << 3) + 132) << exponent) - 132
    return _table(np.where(code & 128, -size, size))


def _a_law() -> Table:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    size = ((mantissa << 4) + 8 + np.where(exponent, 256, 0)) << np.maximum(exponent - 1, 0)
    return _table(np.where(code & 128, size, -size))


def _table(samples: np.ndarray[Any, Any]) -> Table:
    made: Table = samples.astype("<i2")
    return made


TABLES = {"ulaw": _mu_law(), "alaw": _a_law()}
"""Asterisk's name of the codec -> the sample that each byte is."""


def linear(codec: str, raw: bytes) -> bytes:
    """Return the samples: signed, 16 bits, little-endian."""
    return TABLES[codec][np.frombuffer(raw, np.uint8)].tobytes()
