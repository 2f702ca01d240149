"""What a call is about, by the categories of the site's scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord
from voicectl_recipes import classify, prepared, said, written
from voicectl_recipes.scheme import Scheme, SchemeOptions


class Classify:
    """The stage `classify`."""

    name: ClassVar[str] = "classify"
    options: ClassVar[type[SchemeOptions]] = SchemeOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads"})
    fills: ClassVar[frozenset[str]] = frozenset({"labels"})

    def wishes(self, options: SchemeOptions) -> tuple[Wish, ...]:
        """One model of meaning."""
        return (Wish("embed", options.model, backend=options.backend),)

    def run(
        self, records: Sequence[CallRecord], options: SchemeOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `labels` of every record."""
        scheme = written.named("schemes", options.scheme, Scheme)
        embedder = tools.embedder(options)
        ready = prepared.once(classify.prepare, scheme, embedder)
        read = partial(classify.classify, prepared=ready, embedder=embedder)
        fuller = said.filled(records, self.name, "labels", read, tools)
        yield from said.outcomes(fuller, embedder.info.name, embedder.model)
