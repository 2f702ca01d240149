"""The files of a call that was translated: beside `call.srt`, `call.en.srt` with the translation.

A segment that was not translated stands in it as it was said: one in that language, or one whose
text may be invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from voicectl.translation import told
from voicectl.types import CallRecord

ONE_FILE = ("json", "rttm")
"""Formats that hold the translation beside the words, or neither."""


def files(record: CallRecord, formats: Sequence[str]) -> Iterator[tuple[str, str, CallRecord]]:
    """Yield of each further file its format, what its name ends in, and what is in it."""
    translation = record.translation
    if translation is None or not translation.segments:
        return
    other = in_translation(record)
    for each in formats:
        if each not in ONE_FILE:
            yield each, f"{translation.language}.{each}", other


def in_translation(record: CallRecord) -> CallRecord:
    """Return a call as if it had been held in the language of its translation."""
    translation, transcript = record.translation, record.transcript
    if translation is None or transcript is None:
        return record
    other = replace(
        transcript, segments=told(record), language=translation.language, task="translate",
        model=translation.model, language_probability=None,
    )  # fmt: skip
    return replace(record, transcript=other)
