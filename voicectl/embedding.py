"""Sentences as vectors that are near each other when they mean the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

import msgspec

from voicectl.runners import RunnerInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class EmbedOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of whatever turns sentences into vectors."""

    backend: str = "minilm"
    """A name of the group `voicectl.embedders`."""
    model: str = "auto"
    """A name of the catalogue, a folder, or `auto`: what the backend brings."""
    threads: int = 0
    """0 takes every core this process may use."""


class Embedder(Protocol):
    """Sentences to vectors."""

    info: ClassVar[RunnerInfo]
    model: str
    """Name of the loaded weights."""

    def __init__(self, folder: str, name: str, options: EmbedOptions) -> None:
        """Load what is in `folder`. Raises `ModelMissing` when it cannot be loaded."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector of length 1 for each text, shape (n, dimensions).

        A text has the same vector, to the rounding, whatever other texts come with it.
        """
