"""Looks at an installation and its data folder without changing either, and needs no daemon.

A check takes the `Patient` and yields findings; `__main__` lists all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from voicectl.health import Finding, Health
from voicectl.paths import Home


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at."""

    home: Home
    config: Path | None
    deep: bool = False
    """Also hash every model."""


Check: TypeAlias = Callable[[Patient], Iterator[Finding]]


def ok(check: str, text: str) -> Finding:
    """Return a finding that needs no attention."""
    return Finding(check, Health.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Return something that works today and will trouble somebody later, or not everybody."""
    return Finding(check, Health.WARNING, text, remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    """Return something that does not work, or is open to others."""
    return Finding(check, Health.PROBLEM, text, remedy)
