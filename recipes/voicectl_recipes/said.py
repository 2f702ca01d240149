"""What the stages that read a call share: its words, and one outcome for each record.

Stages that understand one language read the translation of what was said in others; whatever
they find rests on the ids of segments, which are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from voicectl.errors import UsageError
from voicectl.interfaces import Outcome, Tools
from voicectl.translation import told
from voicectl.types import CallRecord, Segment, Transcript

Read = Callable[[Sequence[Segment]], Any]
"""What a stage makes of the segments of a call."""


def transcript(record: CallRecord, step: str) -> Transcript:
    """Return what was said. Raises `UsageError` when no step before this one wrote it down."""
    if record.transcript is None:
        raise UsageError(f"there is no transcript yet: the step {step} comes after transcribe")
    return record.transcript


def segments(record: CallRecord, step: str, language: str = "") -> Sequence[Segment]:
    """Return what was said, in a language where it was translated into that."""
    said = transcript(record, step).segments
    translation = record.translation
    return told(record) if translation and translation.language == language else said


def filled(
    records: Sequence[CallRecord],
    step: str,
    field: str,
    read: Read,
    tools: Tools,
    language: str = "",
) -> Iterator[CallRecord]:
    """Yield the records with one field more: what `read` makes of all that was said.

    With a `language`, of the translation into it where there is one.
    """
    for record in records:
        tools.heed()
        yield replace(record, **{field: read(segments(record, step, language))})


def outcomes(
    records: Iterator[CallRecord], runner: str, model: str = "", language: str = ""
) -> Iterator[Outcome]:
    """Yield the outcomes of a step that fails for no record, and understands a language or all."""
    for index, record in enumerate(records):
        unread = foreign(record, language) if language else ()
        yield Outcome(index, record, None, runner, model, unread=unread)


def foreign(record: CallRecord, language: str) -> tuple[int, ...]:
    """Return the ids of what was said in other languages and not translated into this one.

    Suspect segments are not among them: nobody reads those, whatever their language.
    """
    return tuple(
        segment.id
        for segment in segments(record, "", language)
        if segment.text.strip() and not segment.suspect and segment.language not in (None, language)
    )
