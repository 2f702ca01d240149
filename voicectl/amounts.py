"""Lengths of time, sizes and shares, as people write and read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECONDS = {"": 1, "ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*")


def seconds(given: float | str, key: str) -> float:
    """Return a length of time in seconds. Raises `ValueError` that names the key."""
    return float(_sum(given, _SECONDS, key) if isinstance(given, str) else given)


def size(given: int | str, key: str) -> int:
    """Return a size in bytes. Raises `ValueError` that names the key."""
    return int(_sum(given, _BYTES, key) if isinstance(given, str) else given)


def _sum(text: str, units: Mapping[str, float], key: str) -> float:
    small = text.strip().lower()
    sign, digits = (-1, small[1:]) if small.startswith("-") else (1, small)
    parts = _AMOUNT.findall(digits)
    if not parts or _AMOUNT.sub("", digits) or any(unit not in units for _, unit in parts):
        example = "1h30m" if units is _SECONDS else "2GB"
        raise ValueError(f"{key} cannot be `{text}`; write a number, or text such as `{example}`")
    return sign * sum(float(number) * units[unit] for number, unit in parts)


def length(seconds: float) -> str:
    """Return how long something takes: `8 s`, `3 min 12 s`, `41 min`, `1 h 12 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60:,} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60:,} h"


def share(part: float) -> str:
    """Return a share of one as percents: `83 %`, `2.5 %`."""
    percent = 100 * part
    return f"{percent:.0f} %" if percent in (0, 100) or percent >= 10 else f"{percent:.1f} %"
