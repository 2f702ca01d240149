"""What was found is taken out of everything that a record says, with placeholders in its place.

It reads `entities` and so comes after that step, and after every step that needs the words as
they were said. Labels, scores and times stay. Not masked is what describes the recording and
was never said: `audio.name`, `audio.caller`, `audio.agent`, the names of speakers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec

from voicectl import sealing
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
    keep_original: bool = False
    """Keep the call as it was, too, sealed so that only an identity of `recipients` opens it."""
    recipients: tuple[str, ...] = ()
    """Public keys, `age1...`; those of the site unless a recipe names others."""

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, what is no public key."""
        for recipient in self.recipients:
            sealing.check(recipient)


class Redact:
    """The stage `redact`."""

    name: ClassVar[str] = "redact"
    options: ClassVar[type[RedactOptions]] = RedactOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"recipients"})
    fills: ClassVar[frozenset[str]] = frozenset(
        {"transcript", "translation", "entities", "translated_entities", "risks", "summary"}
    )
    reads: ClassVar[frozenset[str]] = frozenset({"transcript", "entities"})

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
            original = sealing.sealed(record, options.recipients) if options.keep_original else None
            masked = redacted(record, options.labels)
            yield Outcome(index, masked, runner=RUNNER, original=original)
