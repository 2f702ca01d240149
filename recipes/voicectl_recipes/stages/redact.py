"""What was found is taken out of everything that a record says, with placeholders in its place.

It reads `entities` and so comes after that step, and after every step that needs the words as
they were said. Labels, scores and times stay. Not masked is what describes the recording and
was never said: `audio.name`, `audio.caller`, `audio.agent`, the names of speakers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from voicectl.errors import UsageError
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord
from voicectl.understanding import Kind
from voicectl_recipes.redaction import redacted

FIRST = "entities"
"""The step that finds what is masked."""
RUNNER = "placeholders"


class RedactOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the redact stage."""

    labels: tuple[Kind, ...] = ()
    """Kinds of entities that are masked; empty masks all."""


class Redact:
    """The stage `redact`."""

    name: ClassVar[str] = "redact"
    options: ClassVar[type[RedactOptions]] = RedactOptions
    idle_options: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"transcript"})

    def wishes(self, options: RedactOptions) -> tuple[Wish, ...]:
        """No model."""
        return ()

    def run(
        self, records: Sequence[CallRecord], options: RedactOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Mask every record."""
        for index, record in enumerate(records):
            tools.heed()
            if all(done.stage != FIRST for done in record.done):
                raise UsageError(
                    f"nobody looked for names yet: the step {self.name} comes after {FIRST}"
                )
            yield Outcome(index, redacted(record, options.labels), None, RUNNER)
