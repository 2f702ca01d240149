"""How a call was taken, by the criteria of the site's quality form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from voicectl.embedding import EmbedOptions
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord
from voicectl_recipes import prepared, quality, said, written
from voicectl_recipes.quality import Form
from voicectl_recipes.written import ByName


class ScoreOptions(EmbedOptions, ByName, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the score stage."""

    files = {"form": ("forms", Form)}
    form: str | Form = "helpline-quality"
    """A name, of the site's own or one that is shipped, or the form itself."""


class Score:
    """The stage `score`."""

    name: ClassVar[str] = "score"
    options: ClassVar[type[ScoreOptions]] = ScoreOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads"})
    fills: ClassVar[frozenset[str]] = frozenset({"scores"})
    reads: ClassVar[frozenset[str]] = frozenset({"transcript", "translation"})

    def wishes(self, options: ScoreOptions) -> tuple[Wish, ...]:
        """One model of meaning."""
        return (Wish("embed", options.model, backend=options.backend),)

    def run(
        self, records: Sequence[CallRecord], options: ScoreOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `scores` of every record."""
        form = written.named("forms", options.form, Form)
        embedder = tools.embedder(options)
        ready = prepared.once(quality.prepare, form, embedder)
        read = partial(quality.assess, prepared=ready, embedder=embedder)
        fuller = said.filled(records, self.name, "scores", read, tools, form.language)
        yield from said.outcomes(fuller, embedder.info.name, embedder.model, form.language)
