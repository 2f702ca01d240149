"""Who translates text on this machine: what somebody names, else what is built in.

Where nobody can, speech is translated instead, by the model that understands it; to English.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from voicectl import registry
from voicectl.errors import LeavesPremises, UsageError
from voicectl.interfaces import Wish
from voicectl.translation import Bundled, TranslateOptions
from voicectl_models import weights
from voicectl_models.catalogue import MODEL
from voicectl_models.weights import Weights

SPEECH = "speech"
"""The name of what is no translator of text."""
AUTO = "auto"
CONVERTED, OTHERWISE = "ctranslate2", "transformers"
"""Who reads a folder with a `model.bin`, and who any other."""
SPOKEN_TARGET = "en"
"""The only language that speech can be translated into."""


def may_be_used(wish: Wish) -> tuple[Weights, ...]:
    """Return the weights of translators of text that a wish may be met with.

    Raises `ModelMissing` for a folder without weights, `UsageError` when nobody can translate.
    """
    if wish.backend == SPEECH:
        return ()
    if wish.model != AUTO:
        found = named(wish.model)
        stays(_backend_of(wish.backend, found))
        return (found,)
    if wish.backend != AUTO:
        stays(wish.backend)
    there = tuple(
        of_bundle(each) for _, each in _bundled(wish.backend) if each.target == wish.target
    )
    if not there and (wish.backend != AUTO or wish.target != SPOKEN_TARGET):
        raise nobody(wish.backend, None, wish.target)
    return there


def by_speech(wish: Wish) -> bool:
    """True when a wish may be met by the model that understands speech.

    Raises `UsageError` when it is meant to, to another language than English.
    """
    if wish.backend == SPEECH and wish.target != SPOKEN_TARGET:
        raise UsageError(
            f"speech is translated to English only, not to '{wish.target}'",
            hint="for other languages name a model of text: --set translate.model=FOLDER",
        )
    spoken = wish.backend == SPEECH or (wish.backend == AUTO and wish.model == AUTO)
    return spoken and wish.target == SPOKEN_TARGET


def choose(options: TranslateOptions, source: str) -> tuple[str, Weights] | None:
    """Return the backend and the weights for a language; None where speech is to be translated.

    Raises `UsageError` when nobody can.
    """
    wish = Wish("translate", options.model, backend=options.backend, target=options.target)
    if options.backend != SPEECH:
        if options.model != AUTO:
            found = named(options.model)
            backend = _backend_of(options.backend, found)
            stays(backend)
            return backend, found
        for backend, each in _bundled(options.backend):
            if (each.source, each.target) == (source, options.target):
                return backend, of_bundle(each)
    if by_speech(wish):
        return None
    raise nobody(options.backend, source, options.target)


def nobody(backend: str, source: str | None, target: str) -> UsageError:
    """Return the error for languages that nobody here translates between."""
    who = "nothing on this machine" if backend == AUTO else f"the translator '{backend}'"
    what = f"from '{source}' to '{target}'" if source else f"to '{target}'"
    return UsageError(
        f"{who} translates {what}",
        hint="name a model that does, a folder: --set translate.model=FOLDER",
    )


def named(folder: str) -> Weights:
    """Return the weights in a folder that somebody names, hashed once for each state of it.

    Raises `ModelMissing`.
    """
    place = Path(folder).expanduser().absolute()
    try:
        seen = [(path, path.stat()) for path in weights.files_of(place)]
    except OSError as error:
        raise weights.unreadable(place, error) from error
    return _hashed(place, tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in seen))


@lru_cache(maxsize=8)
def _hashed(place: Path, state: object) -> Weights:
    return weights.whole_folder(place)


def of_bundle(each: Bundled) -> Weights:
    """Return weights that come with a backend."""
    return Weights(each.name, Path(each.folder), each.sha256, (each.source,), translates=False)


def _backend_of(backend: str, found: Weights) -> str:
    """Return the backend that reads a folder, by its form where nobody names one."""
    if backend != AUTO:
        return backend
    return CONVERTED if (found.folder / MODEL).is_file() else OTHERWISE


def stays(backend: str) -> None:
    """Raise `LeavesPremises` for a translator that sends text to another machine.

    Raises `UnknownName`, and `UsageError` for one that is not installed whole.
    """
    if registry.load(registry.TRANSLATORS, backend).info.leaves_premises:
        raise LeavesPremises(
            f"'{backend}' would send what was said in calls to another machine",
            hint="translate with a model on this one: --set translate.model=FOLDER",
        )


def _bundled(backend: str) -> Iterator[tuple[str, Bundled]]:
    """Yield what comes with backends that are installed whole, by the name of the backend."""
    for name in registry.usable(registry.TRANSLATORS) if backend == AUTO else (backend,):
        translator = registry.load(registry.TRANSLATORS, name)
        for each in () if translator.info.leaves_premises else translator.bundled():
            yield name, each
