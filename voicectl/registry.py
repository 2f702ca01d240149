"""Backends, stages and formats by name, found through entry points.

Built-in ones are registered in `pyproject.toml` just as a third party's are.
Asking what is installed imports nothing.
"""

from __future__ import annotations

import difflib
import re
import sys
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any

from voicectl.errors import UnknownName, UsageError, VoicectlError

FORMATS = "voicectl.formats"
STAGES = "voicectl.stages"
TRANSCRIBERS = "voicectl.transcribers"
DIARIZERS = "voicectl.diarizers"
EMBEDDERS = "voicectl.embedders"
RECOGNIZERS = "voicectl.recognizers"
LANGUAGE_MODELS = "voicectl.language_models"
TRANSLATORS = "voicectl.translators"


@cache
def _group(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def names(group: str) -> list[str]:
    """Return what is installed in `group`, sorted."""
    return sorted(_group(group))


def usable(group: str) -> list[str]:
    """Return those of `group` that lack no package, sorted."""
    return [name for name in names(group) if not missing(_group(group)[name])]


def load(group: str, name: str) -> Any:
    """Import and return the object registered as `name`.

    Raises `UnknownName`, with the installed names and the nearest spelling, and
    `VoicectlError` for one that is registered but broken.
    """
    point = find(group, name)
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise VoicectlError(
            f"the {kind(group)} '{name}' cannot be loaded: {error}",
            hint=f"install the package again that brings it: {point.module.partition('.')[0]}",
        ) from error


def find(group: str, name: str) -> EntryPoint:
    """Return what is registered as `name`, not imported.

    Raises `UnknownName`, and `UsageError` when packages that it needs are missing.
    """
    point = _group(group).get(name)
    if point is None:
        raise unknown(kind(group), name, names(group))
    if lacking := missing(point):
        extra = f"{point.dist.name if point.dist else 'voicectl'}[{','.join(point.extras)}]"
        raise UsageError(
            f"the {kind(group)} '{name}' needs what is not installed: {', '.join(lacking)}",
            hint=f"install it where voicectl is: {sys.executable} -m pip install '{extra}'",
        )
    return point


def missing(point: EntryPoint) -> list[str]:
    """Return the packages of the extras in an entry point that are not installed."""
    needed = []
    for line in (point.dist.requires if point.dist else None) or []:
        requirement, _, marker = line.partition(";")
        if any(re.search(rf"extra\s*==\s*['\"]{extra}['\"]", marker) for extra in point.extras):
            needed.append(re.split(r"[^\w.-]", requirement.strip())[0])
    return [name for name in needed if not _is_installed(name)]


def _is_installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def kind(group: str) -> str:
    """Return what one of a group is called: `diarizer`."""
    return group.rpartition(".")[2].removesuffix("s").replace("_", " ")


def unknown(kind: str, name: str, known: list[str], *, these: str = "installed") -> UnknownName:
    """Return the error for a name that nobody registered; `these` says what the known ones are."""
    near = difflib.get_close_matches(name, known, n=1)
    question = f"did you mean '{near[0]}'? " if near else ""
    return UnknownName(
        f"there is no {kind} called '{name}'",
        hint=f"{question}{these}: {', '.join(known) or 'none'}",
    )
