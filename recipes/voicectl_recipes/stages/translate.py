"""What was said in other languages, in one: segment by segment."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, NamedTuple

import msgspec
from msgspec import Meta

from voicectl import registry
from voicectl.errors import Cancelled, RunnerFailed, UsageError, VoicectlError
from voicectl.generation import ModelOptions
from voicectl.interfaces import Outcome, Tools, Wish
from voicectl.recognition import EntityOptions
from voicectl.translated import Translation
from voicectl.translation import Language, TranslateOptions
from voicectl.types import CallRecord
from voicectl.understanding import Entity
from voicectl_recipes import interpreting, said, translating, writing
from voicectl_recipes.turns import Backend, Writer, in_turn

MASKED = "redact"
"""The step after which it is too late: a recording says aloud what was masked."""

log = logging.getLogger(__name__)


class TranslateStepOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of the translate stage."""

    target: Language = "en"
    """The language to translate into."""
    backend: Backend | tuple[Backend, ...] = "auto"
    """A name of the group `voicectl.translators`; `speech`: from the recording itself, by the
    model that understands speech, to English only; `auto`: whoever can, text before speech; or
    a name of the group `voicectl.language_models` with its model after a colon. Several are
    tried in turn until one gives a translation."""
    model: str = "auto"
    """A folder with a model of a translator; for `speech` also a name of the catalogue; `auto`:
    what the backend brings."""
    languages: tuple[Language, ...] = ()
    """Only what was said in these is translated; empty means everything but the target."""
    seconds: Annotated[float, Meta(ge=1, le=500)] = 120.0
    """How long a language model may take for one answer; long calls take several."""
    context: Annotated[int, Meta(ge=1024, le=1_000_000)] = 4096
    """Tokens that a language model on this machine may have before it; more takes more memory."""
    threads: int = 0
    """0 takes every core this process may use."""

    def __post_init__(self) -> None:
        """Refuse a list of nobody."""
        if not self.backend:
            raise ValueError("backend names at least one")

    @property
    def backends(self) -> tuple[Writer, ...]:
        """The backends in turn."""
        return in_turn(self.backend)

    def of(self, backend: str) -> TranslateOptions:
        """Return them as a translator is given them."""
        return TranslateOptions(
            target=self.target,
            backend=backend,
            model=self.model,
            languages=self.languages,
            threads=self.threads,
        )


def is_language_model(backend: Writer) -> bool:
    """Tell a language model from a translator."""
    return backend.model != "auto" or backend.name in registry.names(registry.LANGUAGE_MODELS)


def sends(options: TranslateStepOptions) -> bool:
    """True when a backend sends text to another machine, so that names are looked for before."""
    models = [each.name for each in options.backends if is_language_model(each)]
    found = (registry.load(registry.LANGUAGE_MODELS, name) for name in models)
    return any(each.info.leaves_premises for each in found)


class Made(NamedTuple):
    """A translation, what was found in it, and what was left as it was said."""

    translation: Translation
    entities: tuple[Entity, ...] = ()
    left: tuple[int, ...] = ()

    @property
    def mostly_left(self) -> bool:
        """True when the next of a list may do better."""
        return len(self.left) > len(self.translation.segments)


class Translate:
    """The stage `translate`."""

    name: ClassVar[str] = "translate"
    options: ClassVar[type[TranslateStepOptions]] = TranslateStepOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads", "seconds"})
    fills: ClassVar[frozenset[str]] = frozenset({"translation", "translated_entities"})
    """With what was found in an earlier translation, so that another one is searched anew."""
    reads: ClassVar[frozenset[str]] = frozenset({"audio", "transcript"})

    def wishes(self, options: TranslateStepOptions) -> tuple[Wish, ...]:
        """Models that know the language, the one that understands speech, language models.

        And the words of a recogniser, where names are looked for before and so in it, too.
        """
        models = [each for each in options.backends if is_language_model(each)]
        wished = [Wish("write", each.model, backend=each.name) for each in models]
        wished += [
            Wish("translate", options.model, backend=each.name, target=options.target)
            for each in options.backends
            if each not in models
        ]
        if models:
            wished.append(Wish("entities", backend=EntityOptions().backend))
        return tuple(wished)

    def run(
        self, records: Sequence[CallRecord], options: TranslateStepOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `translation` of every record."""
        for index, record in enumerate(records):
            tools.heed()
            said.transcript(record, self.name)
            if any(done.stage == MASKED for done in record.done):
                raise UsageError(
                    f"names are masked already: the step {self.name} comes before {MASKED}"
                )
            bare = replace(record, translation=None, translated_entities=())
            yield _Turns(options, tools, index).taken(bare)


class _Turns:
    """The backends of a step, one after the other, for one record."""

    def __init__(self, options: TranslateStepOptions, tools: Tools, index: int) -> None:
        self._options = options
        self._tools = tools
        self._index = index

    def taken(self, record: CallRecord) -> Outcome:
        """Return the translation of the first that gives one, or why none did."""
        problems = list[tuple[str, VoicectlError]]()
        for backend in self._options.backends:
            try:
                made = self._made(backend, record)
                if made.mostly_left and backend != self._options.backends[-1]:
                    raise RunnerFailed(f"it left {len(made.left)} segments as they were said")
            except Cancelled:
                raise
            except VoicectlError as error:
                log.warning("no translation by %s: %s", backend.name, error.text)
                problems.append((backend.name, error))
            else:
                return self._outcome(record, made)
        if len(problems) == 1:
            return Outcome(self._index, error=problems[0][1])
        why = "; ".join(f"{name}: {error.text}" for name, error in problems)
        failed = RunnerFailed(f"there is no translation: {why}", hint=problems[-1][1].hint)
        return Outcome(self._index, error=failed)

    def _outcome(self, record: CallRecord, made: Made) -> Outcome:
        by = made.translation
        fuller = replace(record, translation=by, translated_entities=made.entities)
        if any(done.stage == writing.FOUND_BY for done in record.done):
            recognizer = self._tools.recognizer(EntityOptions())
            fuller = translating.searched(fuller, recognizer)
        return Outcome(self._index, fuller, None, by.runner, by.model, unread=made.left)

    def _made(self, backend: Writer, record: CallRecord) -> Made:
        if is_language_model(backend):
            return self._interpreted(backend, record)
        options = self._options.of(backend.name)
        words = said.transcript(record, Translate.name)
        translation = translating.translated(self._index, record, words, options, self._tools)
        return Made(translation)

    def _interpreted(self, backend: Writer, record: CallRecord) -> Made:
        options = self._options
        words = said.transcript(record, Translate.name)
        foreign = translating.foreign(words, options.of(backend.name))
        if not foreign:
            return Made(Translation(options.target, (), "", ""))
        model = self._tools.language_model(
            ModelOptions(
                backend=backend.name,
                model=backend.model,
                context=options.context,
                threads=options.threads,
            )
        )
        call = writing.shown(record)
        found: dict[int, interpreting.Interpreted] = {}
        for language, segments in foreign.items():
            question = interpreting.Question(record.id, language, options.target, options.seconds)
            part = interpreting.part(call, segments)
            found |= interpreting.interpreted(part, question, model, self._heed)
        wanted = [each for several in foreign.values() for each in several]
        translation = translating.in_order(words.segments, found, options.target, model)
        left = tuple(sorted(each.id for each in wanted if each.id not in found))
        if left:
            log.warning("%s left %d of %d segments as said", model.model, len(left), len(wanted))
        entities = tuple(e for id_ in sorted(found) for e in found[id_].entities)
        return Made(translation, entities, left)

    def _heed(self) -> None:
        self._tools.heed()
        self._tools.progress(self._index, 0.0)
