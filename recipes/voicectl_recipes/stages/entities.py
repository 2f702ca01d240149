"""Names, numbers and places, where they were said.

Suspect segments are searched like others: a name must not stay in a masked copy because
the recogniser was not sure that it heard it. A translation is searched by itself: names are
written otherwise there, and numbers that were said as words may be digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.recognition import EntityOptions
from voicectl.types import CallRecord
from voicectl_recipes import said, translating


class Entities:
    """The stage `entities`."""

    name: ClassVar[str] = "entities"
    options: ClassVar[type[EntityOptions]] = EntityOptions
    idle_options: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"entities", "translated_entities"})
    reads: ClassVar[frozenset[str]] = frozenset({"transcript"})

    def wishes(self, options: EntityOptions) -> tuple[Wish, ...]:
        """The vocabulary of a speech recogniser: it tells everyday words."""
        return (Wish("entities", backend=options.backend),)

    def run(
        self, records: Sequence[CallRecord], options: EntityOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `entities` of every record."""
        recognizer = tools.recognizer(options)
        found = said.filled(records, self.name, "entities", recognizer.find, tools)
        bare = (replace(record, translated_entities=()) for record in found)
        also = (translating.searched(record, recognizer) for record in bare)
        yield from said.outcomes(also, recognizer.info.name, recognizer.model)
