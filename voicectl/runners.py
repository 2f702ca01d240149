"""What every runner says of itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """What a runner says of itself before anything is loaded."""

    name: str
    task: str
    """`transcribe`, `diarize`, `translate`, …"""
    licence: str
    leaves_premises: bool = False
    """True when it sends anything to another machine."""
