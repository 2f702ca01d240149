"""Loaded models, kept warm between recordings and let go when others need the room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from voicectl import registry
from voicectl.embedding import Embedder, EmbedOptions
from voicectl.errors import UsageError
from voicectl.generation import LanguageModel, ModelOptions
from voicectl.interfaces import DiarizeOptions, Diarizer, TranscribeOptions, Transcriber, Wish
from voicectl.recognition import EntityOptions, Recognizer
from voicectl.translation import TranslateOptions, Translator
from voicectl_models import device, premises, tokens, translators, weights, written_by
from voicectl_models.catalogue import sha256_of
from voicectl_models.remembering import Remembering
from voicectl_models.weights import Weights

KEEP = 2
"""Models that stay loaded: the English and the multilingual one side by side."""

Key = tuple[str, ...]

_GROUPS = {
    "diarize": registry.DIARIZERS,
    "embed": registry.EMBEDDERS,
    "entities": registry.RECOGNIZERS,
}
"""Where the backends of a task are registered."""


def candidates(wish: Wish, models_folder: Path) -> tuple[Weights, ...]:
    """Return the weights that a wish may be met with, the first choice first.

    Raises `ModelMissing` when none of them is on this machine, and `UsageError`
    when it is to run on a GPU and none can be used.
    """
    if wish.task == "entities":
        registry.find(registry.RECOGNIZERS, wish.backend)
        return (_vocabulary(models_folder),)
    if wish.task == "write":
        return written_by.candidates(wish, models_folder)
    if wish.task == "translate":
        heard = Wish("asr", wish.model, translate=True)
        by_speech = candidates(heard, models_folder) if translators.by_speech(wish) else ()
        return (*translators.may_be_used(wish), *by_speech)
    if wish.task in _GROUPS:
        found = _of_backend(wish, models_folder)
        entry = weights.catalogue().get(found.name)
        beside = entry.beside if entry and entry.backend == wish.backend else ()
        return (found, *(weights.find(name, models_folder) for name in beside))
    if wish.model != "auto":
        if wish.device == "cuda":
            device.choose(wish.device, "auto")
        return (_fit(weights.find(wish.model, models_folder), wish),)
    there = [found.name for found in weights.installed(models_folder)]
    task = "translate" if wish.translate else "transcribe"
    chosen = automatic(wish.language, task, there, wish.device)
    return tuple(weights.find(name, models_folder) for name in chosen)


def automatic(
    language: str | None, task: str, there: Sequence[str], asked: str = "auto"
) -> tuple[str, ...]:
    """Return the models that `--model auto` stands for on this machine; see `weights.choose`.

    Raises `UsageError` when a GPU is `asked` for and none can be used.
    """
    where, _ = device.choose(asked, "auto")
    heavy = device.bears_heavy(where, device.available_cores())
    return weights.choose(language, task, there, heavy=heavy)


def _of_backend(wish: Wish, models_folder: Path) -> Weights:
    """Return the weights of a backend, or a folder that somebody names for it."""
    group = _GROUPS[wish.task]
    registry.find(group, wish.backend)
    known = weights.catalogue()
    of_task = [entry for entry in known.values() if entry.task == wish.task]
    fitting = [entry.name for entry in of_task if entry.backend == wish.backend]
    if wish.model == "auto" and fitting:
        return weights.find(fitting[0], models_folder)
    if wish.model in fitting:
        return weights.find(wish.model, models_folder)
    if wish.model in ("auto", *known):
        raise UsageError(
            f"the {registry.kind(group)} '{wish.backend}' cannot use the model '{wish.model}'",
            hint=f"it uses: {', '.join(fitting) or 'a folder, named as its model'}",
        )
    return weights.whole_folder(Path(wish.model))


def _vocabulary(models_folder: Path) -> Weights:
    """Return the speech recogniser whose vocabulary tells the everyday words of most languages.

    Its digest is that of the vocabulary: equal words find equal names, whatever hears them.
    """
    known = weights.catalogue()
    there = [
        found
        for found in weights.installed(models_folder)
        if (found.folder / tokens.FILE).is_file()
        and (found.name not in known or known[found.name].task == "asr")
    ]
    every = [found for found in there if weights.EVERY_LANGUAGE in found.languages]
    # One that is missing is told of as it is where speech is to be understood.
    best = next(iter([*every, *there]), None) or weights.find("base", models_folder)
    return replace(best, sha256=sha256_of(best.folder / tokens.FILE))


def _fit(found: Weights, wish: Wish) -> Weights:
    """Return the weights. Raises `UsageError` when they do not understand the language."""
    entry = weights.catalogue().get(found.name)
    if entry is not None and entry.task != wish.task:
        raise UsageError(
            f"the model '{found.name}' is not one that understands speech",
            hint="leave --model away, or name another: voicectl models list",
        )
    english = found.languages == ("en",)
    if english and (wish.translate or wish.language not in (None, "en")):
        asked = "translate" if wish.translate else f"understand '{wish.language}'"
        raise UsageError(
            f"the model '{found.name}' knows only English and cannot {asked}",
            hint="leave --model away, or name a multilingual one: voicectl models list",
        )
    return found


class Pool:
    """The models of one process. One thread works with them; others may ask what is loaded."""

    def __init__(self, models_folder: Path, told: Callable[[], None] = lambda: None) -> None:
        self._folder = models_folder
        self._loaded: OrderedDict[Key, Transcriber] = OrderedDict()
        self._others: dict[str, tuple[Key, Any]] = {}
        """By task: what is loaded for it."""
        self._remembering: Remembering | None = None
        self._told = told

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models in memory, the one used last at the end."""
        # Copies: whoever works may load or let go another one at any moment.
        others, recognisers = tuple(self._others.values()), tuple(self._loaded.values())
        names = [each.model for _, each in others] + [each.model for each in recognisers]
        return tuple(name for name in names if name)

    def transcriber(self, options: TranscribeOptions, language: str | None) -> Transcriber:
        """Return a recogniser for the language; one that can find it out when it is None."""
        translate = options.task == "translate"
        wish = Wish("asr", options.model, language, translate, options.device)
        best = candidates(wish, self._folder)[0]
        backend = registry.load(registry.TRANSCRIBERS, "faster-whisper")
        key: Key = (best.sha256, *backend.load_key(options))
        if key not in self._loaded:
            while len(self._loaded) >= KEEP:
                self._loaded.popitem(last=False)
            self._loaded[key] = backend(str(best.folder), best.name, options)
            self._told()
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def diarizer(self, options: DiarizeOptions) -> Diarizer:
        """Return a diarizer; only the one used last stays loaded."""
        wish = Wish("diarize", options.model, backend=options.backend)
        made: Diarizer = self._only(wish, options, options.threads)
        return made

    def embedder(self, options: EmbedOptions, heed: Callable[[], None] = lambda: None) -> Embedder:
        """Return an embedder; only the one used last stays loaded, with what it has embedded.

        It calls `heed` now and then, and raises what that raises.
        """
        wish = Wish("embed", options.model, backend=options.backend)
        made: Embedder = self._only(wish, options, options.threads)
        if self._remembering is None or self._remembering.embedder is not made:
            self._remembering = Remembering(made)
        self._remembering.heed = heed
        return cast("Embedder", self._remembering)

    def recognizer(self, options: EntityOptions) -> Recognizer:
        """Return a recogniser of names and numbers; only the one used last stays loaded."""
        made: Recognizer = self._only(Wish("entities", backend=options.backend), options)
        return made

    def language_model(self, options: ModelOptions) -> LanguageModel:
        """Return a language model; of each backend the one used last stays loaded.

        Raises `LeavesPremises` for one that the site did not allow.
        """
        wish = Wish("write", options.model, backend=options.backend)
        outside = premises.admitted(wish)
        file, name, sha256 = written_by.found(wish, self._folder)
        key: Key = (sha256, options.backend, name, str(options.context), str(options.threads))
        made: LanguageModel = self._kept(
            f"write by {options.backend}",  # a service that fails must not cost the other a load
            key,
            lambda: registry.load(registry.LANGUAGE_MODELS, options.backend)(
                file, name, options, outside
            ),
        )
        return made

    def translator(self, options: TranslateOptions, source: str) -> Translator | None:
        """Return a translator of text; only the one used last stays loaded. None: see `Tools`."""
        chosen = translators.choose(options, source)
        if chosen is None:
            return None
        backend, found = chosen
        key: Key = (found.sha256, backend, str(options.threads))
        made: Translator = self._kept(
            "translate",
            key,
            lambda: registry.load(registry.TRANSLATORS, backend)(
                str(found.folder), found.name, options
            ),
        )
        return made

    def _only(self, wish: Wish, options: Any, threads: int = 0) -> Any:
        found = candidates(wish, self._folder)[0]
        key: Key = (found.sha256, wish.backend, str(threads))
        group = _GROUPS[wish.task]

        def make() -> Any:
            backend = registry.load(group, wish.backend)
            premises.demand_that_it_stays(backend.info)
            return backend(str(found.folder), found.name, options)

        return self._kept(wish.task, key, make)

    def _kept(self, task: str, key: Key, make: Callable[[], Any]) -> Any:
        if self._others.get(task, ((), None))[0] != key:
            self._others.pop(task, None)
            self._others[task] = (key, make())
            self._told()
        return self._others[task][1]
