"""A call in a few of its own sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Annotated, ClassVar

from msgspec import Meta

from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord
from voicectl_recipes import classify, prepared, said, summary, written
from voicectl_recipes.scheme import Scheme, SchemeOptions


class SummarizeOptions(SchemeOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the summarize stage; the scheme tells what matters in a call."""

    sentences: Annotated[int, Meta(ge=1, le=50)] = summary.SENTENCES
    """At most so many."""


class Summarize:
    """The stage `summarize`."""

    name: ClassVar[str] = "summarize"
    options: ClassVar[type[SummarizeOptions]] = SummarizeOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads"})
    fills: ClassVar[frozenset[str]] = frozenset({"summary"})

    def wishes(self, options: SummarizeOptions) -> tuple[Wish, ...]:
        """One model of meaning."""
        return (Wish("embed", options.model, backend=options.backend),)

    def run(
        self, records: Sequence[CallRecord], options: SummarizeOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `summary` of every record."""
        scheme = written.named("schemes", options.scheme, Scheme)
        embedder = tools.embedder(options)
        ready = prepared.once(classify.prepare, scheme, embedder)
        read = partial(
            summary.summarize, prepared=ready, embedder=embedder, sentences=options.sentences
        )
        fuller = said.filled(records, self.name, "summary", read, tools)
        yield from said.outcomes(fuller, embedder.info.name, embedder.model)
