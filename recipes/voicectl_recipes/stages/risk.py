"""Urgent words and phrases, where they were said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord
from voicectl_recipes import risk, said, written
from voicectl_recipes.risk import Language, RiskWords
from voicectl_recipes.written import ByName

RUNNER = "word lists"


class RiskOptions(ByName, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the risk stage."""

    files = {"words": ("wordlists", RiskWords)}
    words: str | RiskWords = "builtin"
    """A name, of the site's own or one that is shipped, or the lists themselves."""
    languages: tuple[Language, ...] = ()
    """Whose words are looked for besides those of what is spoken, ISO 639-1."""


class Risks:
    """The stage `risk`."""

    name: ClassVar[str] = "risk"
    options: ClassVar[type[RiskOptions]] = RiskOptions
    idle_options: ClassVar[frozenset[str]] = frozenset()
    fills: ClassVar[frozenset[str]] = frozenset({"risks"})
    reads: ClassVar[frozenset[str]] = frozenset({"transcript"})

    def wishes(self, options: RiskOptions) -> tuple[Wish, ...]:
        """No model."""
        return ()

    def run(
        self, records: Sequence[CallRecord], options: RiskOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `risks` of every record."""
        words = written.named("wordlists", options.words, RiskWords)
        read = partial(risk.find, words=words, languages=options.languages)
        fuller = said.filled(records, self.name, "risks", read, tools)
        yield from said.outcomes(fuller, RUNNER)
