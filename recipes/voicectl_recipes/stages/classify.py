"""What a call is about, by the categories of the site's scheme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.types import CallRecord
from voicectl_recipes import classify, prepared, said, written
from voicectl_recipes.scheme import ClassifyOptions, Scheme


class Classify:
    """The stage `classify`."""

    name: ClassVar[str] = "classify"
    options: ClassVar[type[ClassifyOptions]] = ClassifyOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads", "lessons"})
    fills: ClassVar[frozenset[str]] = frozenset({"labels"})
    reads: ClassVar[frozenset[str]] = frozenset({"transcript", "translation", "risks"})

    def wishes(self, options: ClassifyOptions) -> tuple[Wish, ...]:
        """One model of meaning."""
        return (Wish("embed", options.model, backend=options.backend),)

    def run(
        self, records: Sequence[CallRecord], options: ClassifyOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `labels` of every record."""
        scheme = written.named("schemes", options.scheme, Scheme)
        embedder = tools.embedder(options)
        ready = prepared.once(classify.prepare, scheme, embedder)
        lessons = options.lessons

        def labelled() -> Iterator[CallRecord]:
            for record in records:
                tools.heed()
                segments = said.segments(record, self.name, scheme.language)
                labels = classify.classify(segments, ready, embedder, lessons, record.risks)
                yield replace(record, labels=labels)

        model = embedder.model
        if lessons.calls:
            model += f" + {len(lessons.calls)} corrected ({lessons.digest})"
        yield from said.outcomes(labelled(), embedder.info.name, model, scheme.language)
