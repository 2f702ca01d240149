"""What a language model is to use: weights of the catalogue, a GGUF file, a service."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

from voicectl import registry
from voicectl.errors import ModelMissing, UsageError
from voicectl.interfaces import Wish
from voicectl_models import weights
from voicectl_models.catalogue import EVERY_LANGUAGE, MODEL
from voicectl_models.weights import Weights

GGUF = ".gguf"
MAGIC = b"GGUF"
"""How every file of that form begins."""


def candidates(wish: Wish, models_folder: Path) -> tuple[Weights, ...]:
    """Return what stands for a language model in the key of a result.

    Raises `UnknownName`, `ModelMissing`, and `UsageError` when a package or a name is missing.
    """
    file, name, sha256 = found(wish, models_folder)
    place = Path(file).parent if file else models_folder
    return (Weights(name, place, sha256, (EVERY_LANGUAGE,), translates=False),)


def found(wish: Wish, models_folder: Path) -> tuple[str, str, str]:
    """Return file (empty for a service), name, and digest of a language model."""
    backend = registry.load(registry.LANGUAGE_MODELS, wish.backend)
    if backend.info.leaves_premises:
        name = _of_service(wish)
        return "", name, hashlib.sha256(f"{wish.backend}:{name}".encode()).hexdigest()
    path = Path(wish.model).expanduser()
    if wish.model.endswith(GGUF) or path.is_file():
        return _brought(path.absolute(), models_folder)
    known = [each for each in weights.catalogue().values() if each.task == "write"]
    fitting = [each.name for each in known if each.backend == wish.backend]
    if wish.model not in fitting:
        raise UsageError(
            f"the language model '{wish.backend}' needs a model, '{wish.model}' is none",
            hint=f"name a GGUF file: {wish.backend}:/path/to/model.gguf"
            + (f", or one of: {', '.join(fitting)}" if fitting else ""),
        )
    there = weights.find(wish.model, models_folder)
    return str(there.folder / MODEL), there.name, there.sha256


def _of_service(wish: Wish) -> str:
    if wish.model in ("", "auto"):
        raise UsageError(
            f"the language model '{wish.backend}' has to be told which model to ask for",
            hint=f'in the recipe: backend = "{wish.backend}:NAME-OF-THE-MODEL"',
        )
    return wish.model


def _brought(file: Path, models_folder: Path) -> tuple[str, str, str]:
    """Return a GGUF file that somebody names."""
    try:
        if not file.is_file():  # a pipe would be waited for, a device has no end
            raise OSError(errno.ENOENT, "there is no such file")
        with file.open("rb") as opened:
            magic = opened.read(len(MAGIC))
        sha256 = weights.remembered(file, models_folder, compute=True)
    except OSError as error:
        raise ModelMissing(
            f"the model {file} cannot be read: {error.strerror}", hint="is the path right?"
        ) from error
    if magic != MAGIC:
        raise ModelMissing(f"{file} is no GGUF file", hint="llama.cpp reads no other form")
    return str(file), file.stem, sha256
