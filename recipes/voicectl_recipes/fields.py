"""Every text of a record, whatever field it is in: what is not known to be harmless is cleaned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

from voicectl.types import CallRecord

Clean = Callable[[str], str]

MASKED = frozenset(
    {
        "transcript.segments.text",
        "transcript.segments.words.text",
        "entities.text",
        "risks.text",
        "summary.sentences.text",
        "translation.segments.text",
        "translated_entities.text",
    }
)
"""Where what was found is replaced exactly, by its place: see `redaction`."""
NEVER_SAID = frozenset(
    {
        "id", "tenant",
        "audio.path", "audio.name", "audio.codec", "audio.sha256", "audio.warnings",
        "audio.direction", "audio.agent", "audio.caller", "audio.channel_names",
        "transcript.language", "transcript.model", "transcript.task", "transcript.rules",
        "transcript.segments.speaker", "transcript.segments.language",
        "transcript.segments.suspect",
        "translation.language", "translation.runner", "translation.model",
        "translation.segments.suspect", "translated_entities.label",
        "entities.label", "risks.kind", "risks.language",
        "labels.scheme", "labels.name", "scores.form", "scores.name", "scores.verdict",
        "summary.model",
        "done.stage", "done.runner", "done.model", "done.recipe_hash",
    }
)  # fmt: skip
"""What describes the recording, the models, or a category of the site; no word of the call is
in it. A field that is in neither set is taken for words of the call."""


def cleaned(record: CallRecord, clean: Clean) -> CallRecord:
    """Return a record with `clean` applied to every text that no other rule takes care of."""
    found: CallRecord = _cleaned(record, "", clean)
    return found


def _cleaned(value: Any, path: str, clean: Clean) -> Any:
    if path in MASKED | NEVER_SAID:
        return value
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, tuple | list):
        return type(value)(_cleaned(each, path, clean) for each in value)
    if isinstance(value, dict):
        return {_cleaned(key, path, clean): _cleaned(each, path, clean)
                 for key, each in value.items()}  # fmt: skip
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        inner = {name: f"{path}.{name}".lstrip(".") for name in names}
        return replace(
            value, **{name: _cleaned(getattr(value, name), inner[name], clean) for name in names}
        )
    return value
