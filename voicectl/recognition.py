"""Names, numbers, places and the like, found in what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import msgspec

from voicectl.runners import RunnerInfo
from voicectl.types import Segment
from voicectl.understanding import Entity


class EntityOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the entities stage."""

    backend: str = "rules"
    """A name of the group `voicectl.recognizers`."""


class Recognizer(Protocol):
    """Text to entities."""

    info: ClassVar[RunnerInfo]
    model: str
    """Name of weights of its own; empty where rules are all."""

    def __init__(self, folder: str, name: str, options: EntityOptions) -> None:
        """Load what it needs.

        `folder` holds the `tokenizer.json` of a speech recogniser called `name`: what it writes
        in one piece is an everyday word, what it spells may be a name. Raises `ModelMissing`.
        """

    def find(self, segments: Sequence[Segment]) -> tuple[Entity, ...]:
        """Return what the segments of one call hold, in the order of the text.

        No two entities overlap, and each is what its segment has between `start` and `end`.
        """
