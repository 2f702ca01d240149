"""No field of a record is forgotten when it is masked, not even one that is added tomorrow."""

from __future__ import annotations

import dataclasses
import types
import typing
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from voicectl.types import CallRecord
from voicectl_recipes import fields
from voicectl_recipes.redaction import redacted

SECRET = "Nasimiyu"


def filled(kind: Any, at: str = "") -> Any:
    """Return a value of a type in which every text is the secret, and its place covers it."""
    if kind in (str, Any):
        return "NAME" if at == ".entities.label" else SECRET
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        make: Any = kind
        return make(**{name: filled(hints[name], f"{at}.{name}") for name in hints})
    inner = [each for each in typing.get_args(kind) if each not in (types.NoneType, ...)]
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        return filled(inner[0], at)
    if origin is tuple:
        return tuple(filled(each, at) for each in inner)
    if origin is dict:
        return {"key": filled(inner[1], at)}
    return plain(kind, at)


def plain(kind: Any, at: str) -> Any:
    """Return a value of a type that holds no other."""
    if issubclass(kind, Enum):
        return next(iter(kind))
    if kind is int and at.endswith(".end"):
        return len(SECRET)
    return {datetime: datetime.now(UTC), int: 0, float: 0.0, bool: False}[kind]


def texts(value: Any, at: str = "") -> list[tuple[str, str]]:
    """Return every text of a value and where it is."""
    if isinstance(value, str):
        return [(at, value)]
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return [
            t for name in names for t in texts(getattr(value, name), f"{at}.{name}".lstrip("."))
        ]
    if isinstance(value, dict):
        return [text for pair in value.items() for each in pair for text in texts(each, at)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in texts(each, at)]
    return []


RECORD: CallRecord = filled(CallRecord)


def test_the_secret_is_in_every_text_before() -> None:
    said = [at for at, text in texts(RECORD) if text == SECRET]
    assert len(said) > 30
    assert "transcript.segments.original" in said


def test_no_text_of_a_masked_record_has_the_secret_unless_it_was_never_said() -> None:
    left = {at for at, text in texts(redacted(RECORD)) if SECRET.casefold() in text.casefold()}
    assert left <= fields.NEVER_SAID, (
        f"{sorted(left - fields.NEVER_SAID)} still hold what was said: "
        "mask them in redaction.py, or say in fields.py why they hold none of it"
    )


def test_every_exception_is_a_field_that_there_is() -> None:
    there = {at for at, _ in texts(RECORD)}
    assert there >= fields.NEVER_SAID | fields.MASKED


@dataclasses.dataclass(frozen=True, slots=True)
class Tomorrow(CallRecord):
    """A record with fields that nobody has thought of yet."""

    notes: tuple[str, ...] = ()
    more: dict[str, Any] | None = None


@pytest.mark.parametrize("added", [{"notes": (f"{SECRET}'s note",)}, {"more": {"x": [SECRET]}}])
def test_a_field_that_is_added_is_masked(added: dict[str, Any]) -> None:
    today = {f.name: getattr(RECORD, f.name) for f in dataclasses.fields(CallRecord)}
    masked = redacted(Tomorrow(**today, **added))
    kept = [text for at, text in texts(masked) if at in ("notes", "more")]
    assert kept
    assert not any(SECRET in text for text in kept)
