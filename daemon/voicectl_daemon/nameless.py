"""Telephone numbers out of the names of recordings: a PBX writes the caller's into them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePath

from voicectl.types import Audio, Job, Task

MARK = "PHONE"
"""Stands in a name where a number was: no sign in it needs care in a shell."""
_NUMBER = re.compile(r"\+?\d(?:[ .]?\d){6,}")
_MOMENT = re.compile(
    r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[0-2]\d[0-5]\d(?:[0-5]\d)?)?"
)
"""A day, with or without the time of day: what most names are sorted by."""
SHORTEST = 3
"""Signs of a caller that is looked for in a name."""


def masked_name(name: str, caller: str | None = None) -> str:
    """Return a name without numbers of 7 digits and more, and without the caller."""
    if caller and len(caller) >= SHORTEST:
        name = name.replace(caller, MARK)
    return _NUMBER.sub(lambda number: number[0] if _MOMENT.fullmatch(number[0]) else MARK, name)


def audio(told: Audio) -> Audio:
    """Return a recording that is called what may be known; where it lies stays as it is."""
    name = masked_name(told.name, told.caller)
    return replace(told, name=name, caller=told.caller and MARK)


def task(shown: Task) -> Task:
    """Return a task as others may see it."""
    place = PurePath(shown.path)
    return replace(
        shown, name=masked_name(shown.name), path=str(place.with_name(masked_name(place.name)))
    )


def job(shown: Job) -> Job:
    """Return a job as others may see it: what was typed names recordings."""
    return replace(shown, command=masked_name(shown.command))


def shown_path(path: str, name: str) -> str:
    """Return where a recording lies, as others may see it beside its name."""
    place = PurePath(path)
    return str(place.with_name(name)) if MARK in name else path
