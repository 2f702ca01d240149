"""A call in a few sentences: its own ones, or those of a language model, checked."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Literal, NamedTuple

import msgspec
from msgspec import Meta

from voicectl.embedding import EmbedOptions
from voicectl.errors import Cancelled, RunnerFailed, VoicectlError
from voicectl.generation import ModelOptions
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.recognition import EntityOptions
from voicectl.types import CallRecord
from voicectl.understanding import Summary
from voicectl_recipes import classify, prepared, prompting, said, summary, writing, written
from voicectl_recipes.scheme import Scheme
from voicectl_recipes.template import Template
from voicectl_recipes.turns import Backend, Writer, in_turn
from voicectl_recipes.written import ByName

EXTRACTIVE = "extractive"
"""Sentences that were said; no language model."""

log = logging.getLogger(__name__)


class SummarizeOptions(ByName, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the summarize stage."""

    files = {"scheme": ("schemes", Scheme), "template": ("templates", Template)}
    backend: Backend | tuple[Backend, ...] = EXTRACTIVE
    """`extractive`, or a name of the group `voicectl.language_models` with its model after a
    colon; several are tried in turn until one gives a summary."""
    template: str | Template = "case-note"
    """A name, of the site's own or one that is shipped, or the template itself."""
    sentences: Annotated[int, Meta(ge=1, le=50)] | None = None
    """At most so many; as the template says when it is left away."""
    unsupported: Literal["mark", "drop"] = "mark"
    """What becomes of a sentence that claims what no segment supports."""
    seconds: Annotated[float, Meta(ge=1, le=500)] = 120.0
    """How long a language model may take for one answer."""
    context: Annotated[int, Meta(ge=512, le=1_000_000)] = 4096
    """Tokens that a model on this machine may have before it; more takes more memory."""
    scheme: str | Scheme = "child-helpline"
    """Tells what matters in a call: as for classify."""
    embedder: str = "minilm"
    """A name of the group `voicectl.embedders`."""
    embedder_model: str = "auto"
    """A name of the catalogue, a folder, or `auto`: what the embedder brings."""
    threads: int = 0
    """0 takes every core this process may use."""

    def __post_init__(self) -> None:
        """Refuse a list of nobody."""
        if not self.backend:
            raise ValueError("backend names at least one")

    @property
    def writers(self) -> tuple[Writer, ...]:
        """The backends in turn."""
        return in_turn(self.backend)

    @property
    def meaning(self) -> EmbedOptions:
        """Options of the embedder."""
        return EmbedOptions(backend=self.embedder, model=self.embedder_model, threads=self.threads)

    @property
    def form(self) -> Template:
        """The template, with as many sentences as were asked for."""
        found = written.named("templates", self.template, Template)
        most = self.sentences or found.sentences
        return msgspec.structs.replace(found, sentences=most)


class Made(NamedTuple):
    """A summary, by whom, and what could not be read for it."""

    by: str
    summary: Summary
    unread: tuple[int, ...] = ()


class Summarize:
    """The stage `summarize`."""

    name: ClassVar[str] = "summarize"
    options: ClassVar[type[SummarizeOptions]] = SummarizeOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads", "seconds"})
    fills: ClassVar[frozenset[str]] = frozenset({"summary"})
    reads: ClassVar[frozenset[str]] = frozenset({"transcript", "translation"})

    def wishes(self, options: SummarizeOptions) -> tuple[Wish, ...]:
        """A model of meaning, language models, and the words of a recogniser to check them by."""
        models = [each for each in options.writers if each.name != EXTRACTIVE]
        wished = [Wish("write", each.model, backend=each.name) for each in models]
        if len(models) < len(options.writers):
            wished.append(Wish("embed", options.embedder_model, backend=options.embedder))
        if models:
            wished.append(Wish("entities", backend=EntityOptions().backend))
        return tuple(wished)

    def run(
        self, records: Sequence[CallRecord], options: SummarizeOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `summary` of every record."""
        for index, record in enumerate(records):
            tools.heed()
            said.transcript(record, self.name)
            yield _Turns(options, tools, index).taken(record)


class _Turns:
    """The backends of a step, one after the other, for one record."""

    def __init__(self, options: SummarizeOptions, tools: Tools, index: int) -> None:
        self._options = options
        self._tools = tools
        self._index = index

    def taken(self, record: CallRecord) -> Outcome:
        """Return the summary of the first that gives one, or why none did."""
        problems = list[str]()
        for writer in self._options.writers:
            try:
                made = self._made(writer, record)
            except Cancelled:
                raise
            except VoicectlError as error:
                log.warning("no summary by %s: %s", writer.name, error.text)
                problems.append(f"{writer.name}: {error.text}")
                hint = error.hint
            else:
                fuller = replace(record, summary=made.summary)
                return Outcome(
                    self._index, fuller, None, made.by, made.summary.model, unread=made.unread
                )
        failed = RunnerFailed(f"there is no summary: {'; '.join(problems)}", hint=hint)
        return Outcome(self._index, None, failed)

    def _made(self, writer: Writer, record: CallRecord) -> Made:
        return self._picked(record) if writer.name == EXTRACTIVE else self._put(writer, record)

    def _picked(self, record: CallRecord) -> Made:
        options = self._options
        scheme = written.named("schemes", options.scheme, Scheme)
        embedder = self._tools.embedder(options.meaning)
        ready = prepared.once(classify.prepare, scheme, embedder)
        segments = said.segments(record, Summarize.name, scheme.language)
        made = summary.summarize(segments, ready, embedder, options.form)
        return Made(embedder.info.name, made, said.foreign(record, scheme.language))

    def _put(self, writer: Writer, record: CallRecord) -> Made:
        options, template = self._options, self._options.form
        call = writing.shown(record)
        if not call.segments:
            return Made(writer.name, Summary((), writer.model))
        model = self._tools.language_model(
            ModelOptions(
                backend=writer.name,
                model=writer.model,
                context=options.context,
                threads=options.threads,
            )
        )
        language = said.transcript(record, Summarize.name).language
        question = prompting.prompt(record.id, call.segments, template, language)
        question = replace(question, seconds=options.seconds)
        if not prompting.fits(question, model.context):
            raise RunnerFailed(f"the call is too long for the model '{model.model}'")
        found = writing.written(call, question, template, model, self._heed)
        recognizer = self._tools.recognizer(EntityOptions())
        drop = options.unsupported == "drop"
        told = writing.supported(found, record, recognizer, model.model, drop=drop)
        return Made(model.info.name, told)

    def _heed(self) -> None:
        self._tools.heed()
        self._tools.progress(self._index, 0.0)
