"""Backends, stages and formats by name, found through entry points.

Built-in ones are registered in `pyproject.toml` just as a third party's are.
Asking what is installed imports nothing.
"""

from __future__ import annotations

import difflib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from voicectl.errors import UnknownName, VoicectlError

FORMATS = "voicectl.formats"
STAGES = "voicectl.stages"
TRANSCRIBERS = "voicectl.transcribers"


@cache
def _group(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def names(group: str) -> list[str]:
    """Return what is installed in `group`, sorted."""
    return sorted(_group(group))


def load(group: str, name: str) -> Any:
    """Import and return the object registered as `name`.

    Raises `UnknownName`, with the installed names and the nearest spelling, and
    `VoicectlError` for one that is registered but broken.
    """
    point, kind = _group(group).get(name), group.rpartition(".")[2].removesuffix("s")
    if point is None:
        raise unknown(kind, name, names(group))
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise VoicectlError(
            f"the {kind} '{name}' cannot be loaded: {error}",
            hint=f"install the package again that brings it: {point.module.partition('.')[0]}",
        ) from error


def unknown(kind: str, name: str, known: list[str]) -> UnknownName:
    """Return the error for a name that nobody registered."""
    near = difflib.get_close_matches(name, known, n=1)
    question = f"did you mean '{near[0]}'? " if near else ""
    return UnknownName(
        f"there is no {kind} called '{name}'",
        hint=f"{question}installed: {', '.join(known) or 'none'}",
    )
