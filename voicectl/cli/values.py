"""What a person typed after a flag -> the value it stands for.

Every reader takes text and returns a value; text that makes no sense is a
`ValueError` whose words complete the sentence "--flag: 'text' …".
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any, TypeAlias

from voicectl.cli import languages
from voicectl.cli.show import clean

Reader: TypeAlias = Callable[[str], Any]

TRUTH = {"true": True, "yes": True, "on": True, "1": True}
TRUTH |= {"false": False, "no": False, "off": False, "0": False}
NOTHING = "none"
"""Whisper's word for a limit that is switched off."""


def words(text: str) -> str:
    """Take the text as it is."""
    return text


def truth(text: str) -> bool:
    """Read `True` or `False`."""
    try:
        return TRUTH[text.strip().lower()]
    except KeyError:
        raise ValueError("is neither True nor False") from None


def whole(low: int) -> Reader:
    """Read a whole number, `low` or more."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise ValueError("is not a whole number") from None
        if number < low:
            raise ValueError(f"is less than {low}")
        return number

    return read


def number(low: float | None = None, high: float | None = None) -> Reader:
    """Read a number between `low` and `high`."""

    def read(text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            raise ValueError("is not a number") from None
        if low is not None and not found >= low:
            raise ValueError(f"is not {low:g} or more")
        if high is not None and not found <= high:
            raise ValueError(f"is not {high:g} or less")
        if found != found or found in (float("inf"), float("-inf")):
            raise ValueError("is not a finite number")
        return found

    return read


def or_none(read: Reader) -> Reader:
    """Let `None` through as whisper does; read anything else with `read`."""
    return lambda text: None if text.strip().lower() == NOTHING else read(text)


def one_of(*choices: str) -> Reader:
    """Read one of a few words, upper and lower case alike."""

    def read(text: str) -> str:
        asked = text.strip().lower()
        if asked not in choices:
            raise ValueError("is none of: " + ", ".join(choices))
        return asked

    return read


def listed(read: Reader) -> Reader:
    """Read a comma list; nothing between two commas counts as nothing."""
    return lambda text: tuple(read(part.strip()) for part in text.split(",") if part.strip())


def language(text: str) -> str:
    """Read a language by its code or English name."""
    found = languages.code(text)
    if found is None:
        near = difflib.get_close_matches(text.lower(), languages.spellings(), n=1)
        raise ValueError(
            "is no language that whisper knows" + (f"; did you mean '{near[0]}'?" if near else "")
        )
    return found


def language_or_any(text: str) -> str | None:
    """Read a language; `auto` and `None` ask for it to be detected."""
    return None if text.strip().lower() in ("auto", NOTHING) else language(text)


def speaker_names(text: str) -> tuple[str, ...]:
    """Read the names of the channels from the left."""
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise ValueError("has a name with nothing in it")
    if len(set(names)) < len(names):
        raise ValueError("names two channels alike")
    if any(clean(name) != name for name in names):
        raise ValueError("has a name with control characters")
    return names


def model(text: str) -> str:
    """Read a name of the catalogue, or a folder, which is made absolute for the daemon."""
    is_path = os.sep in text or text.startswith((".", "~"))
    return str(folder(text)) if is_path else text


def vocabulary(text: str) -> tuple[str, ...]:
    """Read a file of terms. Raises `UsageError` that names the line."""
    from voicectl.vocabulary import read_terms

    return (
        () if text.strip().lower() == NOTHING else read_terms(Path(text).expanduser(), pipes=True)
    )


def replacements(text: str) -> tuple[Any, ...]:
    """Read a file of replacement rules. Raises `UsageError` that names the line."""
    from voicectl.vocabulary import read_rules

    return (
        () if text.strip().lower() == NOTHING else read_rules(Path(text).expanduser(), pipes=True)
    )


def folder(text: str) -> Path:
    """Read a path, made absolute."""
    if not text:
        raise ValueError("names no folder")
    return absolute(Path(text).expanduser())


def absolute(path: str | Path) -> Path:
    """Return the path from the root, without `..`; a link keeps the name it has here."""
    return Path(os.path.abspath(path))  # noqa: PTH100, Path.absolute keeps `..`, resolve follows links


def moment(text: str, zone: tzinfo | None = None) -> datetime:
    """Read a day or a point in time; without a zone of its own it is that of this machine."""
    return _moment(text, timedelta(0), zone)


def end(text: str, zone: tzinfo | None = None) -> datetime:
    """Read a point in time; a day means the end of it."""
    is_day = len(text.strip()) <= len("2026-11-20")
    return _moment(text, timedelta(days=1 if is_day else 0), zone)


def _moment(text: str, later: timedelta, zone: tzinfo | None) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip()) + later
        return found.astimezone() if found.tzinfo or zone is None else found.replace(tzinfo=zone)
    except (ValueError, OverflowError):
        raise ValueError("is no date such as 2026-11-20 or 2026-11-20T18:30") from None
