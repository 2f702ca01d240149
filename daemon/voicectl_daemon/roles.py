"""Agent or caller: what the name of a recording tells, as the site's config reads it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePath

from voicectl import expressions
from voicectl.config import Roles
from voicectl.types import Audio

LONGEST = 64
"""Characters of a party's name."""


def told(audio: Audio, roles: Roles) -> Audio:
    """Return the recording with its direction, its parties, and the names of its channels."""
    found = _parts(audio.name, roles)
    direction = _direction(found.get("direction", ""), roles)
    names = list(roles.channels)
    if direction is not None and direction == roles.swapped:
        names[:2] = reversed(names[:2])
    return replace(
        audio,
        direction=direction,
        agent=found.get("agent"),
        caller=found.get("caller"),
        channel_names=_sides(names, found.get("left"), found.get("right")),
    )


def parties(audio: Audio) -> tuple[object, ...]:
    """Return all that `told` adds: it changes what a result says."""
    return (audio.direction, audio.agent, audio.caller, audio.channel_names)


def _parts(name: str, roles: Roles) -> dict[str, str]:
    if roles.file_name is None:
        return {}
    match = expressions.compiled(roles.file_name).search(PurePath(name).name)
    parts = match.groupdict() if match else {}
    clean = {part: _printable(text) for part, text in parts.items() if text}
    return {part: text for part, text in clean.items() if text}


def _printable(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).strip()[:LONGEST]


def _direction(said: str, roles: Roles) -> str | None:
    for direction, words in (("inbound", roles.inbound), ("outbound", roles.outbound)):
        if said.lower() in {word.lower() for word in words}:
            return direction
    return None


def _sides(names: list[str], left: str | None, right: str | None) -> tuple[str, ...]:
    """Return the names with what the file name says of the sides; of two, one tells the other."""
    if left is None and right is None:
        return tuple(names)
    if len(names) == 2:
        other = {names[0]: names[1], names[1]: names[0]}
        left, right = left or other.get(right or ""), right or other.get(left or "")
    return (left or _label(names, 0), right or _label(names, 1), *names[2:])


def _label(names: list[str], side: int) -> str:
    return names[side] if side < len(names) else f"SPEAKER_{side:02d}"
