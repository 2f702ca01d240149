"""What the stages that read a call share: its transcript, and one outcome for each record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from voicectl.errors import UsageError
from voicectl.interfaces import Outcome, Tools
from voicectl.types import CallRecord, Segment, Transcript

Read = Callable[[Sequence[Segment]], Any]
"""What a stage makes of the segments of a call."""


def transcript(record: CallRecord, step: str) -> Transcript:
    """Return what was said. Raises `UsageError` when no step before this one wrote it down."""
    if record.transcript is None:
        raise UsageError(f"there is no transcript yet: the step {step} comes after transcribe")
    return record.transcript


def filled(
    records: Sequence[CallRecord], step: str, field: str, read: Read, tools: Tools
) -> Iterator[CallRecord]:
    """Yield the records with one field more: what `read` makes of all that was said."""
    for record in records:
        tools.heed()
        yield replace(record, **{field: read(transcript(record, step).segments)})


def outcomes(records: Iterator[CallRecord], runner: str, model: str = "") -> Iterator[Outcome]:
    """Yield the outcomes of a step that fails for no record."""
    for index, record in enumerate(records):
        yield Outcome(index, record, None, runner, model)
