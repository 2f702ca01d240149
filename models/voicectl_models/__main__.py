"""What `voicectl models` runs: look after the weights on this machine.

    python -m voicectl_models get NAME...                fetch
    python -m voicectl_models import SOURCE [NAME...]    take over a folder or a bundle
    python -m voicectl_models export BUNDLE [NAME...]    write a bundle for another machine
    python -m voicectl_models list [--json]              what is known, what is here
    python -m voicectl_models verify [NAME...]           hash what is here

With `--into FOLDER` before the command they work there, else in the site's folder.
Progress and errors go to stderr, answers to stdout.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from voicectl.errors import ModelMissing, UsageError, VoicectlError
from voicectl_models import bundle, weights
from voicectl_models.catalogue import EVERY_LANGUAGE, Entry, catalogue
from voicectl_models.pool import automatic
from voicectl_models.weights import Weights

ROLES = {
    "English": ("en", "transcribe"),
    "other languages": ("*", "transcribe"),
    "translation": (None, "translate"),
}
"""What `--model auto` has to choose a model for: language and task."""
PURPOSES = {"diarize": "speakers", "embed": "meaning of sentences"}
"""What models are for that are not chosen, by the task of their backend."""


def main(arguments: list[str] | None = None) -> int:
    """Run one of the commands above."""
    asked = _parser().parse_args(arguments)
    try:
        with _readable():
            return _run(asked, (asked.into or weights.default_folder()).absolute())
    except VoicectlError as error:
        _say(f"voicectl: {error.text}" + (f"\n  hint: {error.hint}" if error.hint else ""))
        return int(error.exit_status)
    except KeyboardInterrupt:
        goes_on = asked.command in ("import", "export")
        _say("voicectl: interrupted" + goes_on * "; run it again and it goes on where it was")
        return 130


@contextmanager
def _readable() -> Iterator[None]:
    """Say in words of ours what may not be read, or cannot."""
    try:
        yield
    except BrokenPipeError:
        raise  # whoever read the answer has seen enough
    except OSError as error:
        place = error.filename or "a file of a model"
        raise VoicectlError(f"{place} cannot be read: {error.strerror}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m voicectl_models")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where models lie")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("get").add_argument("names", nargs="+", metavar="NAME")
    for command, place in (("import", "source"), ("export", "bundle")):
        takes = commands.add_parser(command)
        takes.add_argument(place, type=Path)
        takes.add_argument("names", nargs="*", metavar="NAME")
    commands.add_parser("verify").add_argument("names", nargs="*", metavar="NAME")
    commands.add_parser("list").add_argument("--json", action="store_true")
    return parser


def _run(asked: argparse.Namespace, folder: Path) -> int:
    if asked.command == "list":
        _list(folder, as_json=asked.json)
    elif asked.command == "verify":
        return _verify(folder, asked.names)
    elif asked.command == "export":
        _export(folder, asked.bundle.absolute(), asked.names)
    elif asked.command == "import":
        _import(folder, asked.source.expanduser().absolute(), asked.names)
    else:
        for name in asked.names:
            weights.get(name, folder, _say)
    return 0


def _import(folder: Path, source: Path, names: Sequence[str]) -> None:
    if not source.is_dir():
        bundle.take_over(source, names, folder, _say)
        return
    if len(names) > 1:
        raise UsageError("a folder holds one model and can have one name")
    weights.import_folder(source, folder, _say, *names)


def _export(folder: Path, target: Path, names: Sequence[str]) -> None:
    here = [found.name for found in weights.installed(folder)]
    if not (names or here):
        raise ModelMissing("there is no model here", hint="fetch one: voicectl models get tiny.en")
    models = [weights.find(name, folder) for name in dict.fromkeys(names or here)]
    bundle.write(models, target, _say)


def _verify(folder: Path, names: Sequence[str]) -> int:
    bad = False
    for name in names or [found.name for found in sorted(folder.glob("[!.]*/"))]:
        try:
            problems = weights.verify(weights.find(name, folder))
        except VoicectlError as error:
            problems = [error.text]
        bad = bad or bool(problems)
        _say(f"{name}: {'; '.join(problems) or 'sound'}")
    return int(bad)


def _list(folder: Path, *, as_json: bool) -> None:
    rows = _rows(folder)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows).decode()) + "\n")
        return
    lines = [("MODEL", "LANGUAGES", "SIZE", "LICENCE", "USED FOR"), *map(_cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        sys.stdout.write("  ".join(padded).rstrip() + "\n")
    _say(f"models lie in {folder}")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    languages = "all" if EVERY_LANGUAGE in row["languages"] else "English"
    absent = "not here: " + ("can be fetched" if row["can_be_fetched"] else "bring your own")
    used = ", ".join(row["default_for"]) or "here" if row["installed"] else absent
    size = f"{row['size'] / 1e6:>5,.0f} MB"
    return row["name"], languages, size, row["licence"] or "?", used


def _rows(folder: Path) -> list[dict[str, Any]]:
    here = {found.name: found for found in weights.installed(folder)}
    chosen = {role: automatic(*need, list(here))[0] for role, need in ROLES.items()}
    rows = []
    for name in [*here, *(name for name in catalogue() if name not in here)]:
        entry, found = catalogue().get(name), here.get(name)
        source = found or catalogue()[name]
        rows.append(
            {
                "name": name,
                "installed": found is not None,
                "folder": str(found.folder) if found else None,
                "languages": source.languages,
                "translates": source.translates,
                "size": _size(source),
                "licence": entry.licence if entry else None,
                "can_be_fetched": bool(entry and entry.files),
                "heavy": bool(entry and entry.heavy),
                "default_for": _uses(name, chosen) if found else [],
            }
        )
    return rows


def _size(model: Weights | Entry) -> int:
    """Return the bytes of a model that is here, or of one that can be fetched."""
    if isinstance(model, Entry):
        return model.size
    return sum(file.stat().st_size for file in model.folder.iterdir() if file.is_file())


def _uses(name: str, chosen: Mapping[str, str]) -> list[str]:
    """Return what the model `name` is used for when nobody names another."""
    entry = catalogue().get(name)
    purpose = PURPOSES.get(entry.task, "") if entry else ""
    named = [f"{purpose} ({entry.backend})"] if entry and purpose else []
    return [role for role in chosen if chosen[role] == name] + named


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
