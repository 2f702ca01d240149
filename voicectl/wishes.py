"""What a step asks for before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Wish:
    """A model that a step may use, before anybody knows which weights that will be."""

    task: Literal["asr", "diarize", "embed", "entities", "translate", "write"]
    model: str = "auto"
    """A name of the catalogue, a folder, or `auto`."""
    language: str | None = None
    """None when it must be found out first."""
    translate: bool = False
    target: str = ""
    """The language to translate into."""
    device: str = "auto"
    """`auto`, `cpu` or `cuda`: larger models are chosen where they are fast enough."""
    backend: str = ""
    """Which runner's weights; empty where that does not matter."""
