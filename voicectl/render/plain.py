"""Text of a record made fit for a file: one line, nothing that a terminal obeys."""

from __future__ import annotations

import re

from voicectl.types import CallRecord, Segment

_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
# A file name that is not UTF-8 reaches us with lone surrogates, which no file can hold.
_SURROGATES = re.compile("[\ud800-\udfff]")

# East Asian editions of Excel take the full-width forms too.
_OPENS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def clean(text: str) -> str:
    """Return `text` with line breaks as spaces and without control characters; tabs stay."""
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", _BREAKS.sub(" ", text)))


def inert(cell: str) -> str:
    """Return a cell of CSV that no spreadsheet runs as a formula.

    A caller chooses what is said, and whoever names a file what it is called: such text gets an
    apostrophe in front, which a program that reads the file has to take off again.
    """
    return f"'{cell}" if cell.startswith(_OPENS_FORMULA) else cell


def segments(record: CallRecord) -> tuple[Segment, ...]:
    """Return what was said; nothing for a record that has no transcript yet."""
    return record.transcript.segments if record.transcript else ()


def spoken(segment: Segment) -> str:
    """Return the text of `segment`, clean and without white space around it."""
    return clean(segment.text).strip()


def speaker(segment: Segment) -> str:
    """Return who spoke; empty when nobody told speakers apart."""
    return clean(segment.speaker or "").strip()


def suspect(segment: Segment) -> str:
    """Return why the text may be invented; empty when it is not suspected."""
    return clean(segment.suspect or "").strip()


def speaker_label(segment: Segment) -> str:
    """Return `[SPEAKER_00]: `, or nothing."""
    name = speaker(segment)
    return f"[{name}]: " if name else ""


def suspect_label(segment: Segment) -> str:
    """Return `[suspect: loop] `, or nothing."""
    reason = suspect(segment)
    return f"[suspect: {reason}] " if reason else ""
