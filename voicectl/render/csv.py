"""csv: one row a segment, offsets in seconds, for spreadsheets.

A spreadsheet runs a cell that starts with `=`, `+`, `-`, `@`, a tab or a carriage
return as a formula, and a caller chooses what is said: such text gets an
apostrophe in front, which a program that reads the file has to take off again.
"""

from __future__ import annotations

import csv
import io

from voicectl.render import Style
from voicectl.render.plain import clean, segments
from voicectl.types import CallRecord, Segment

HEADER = (
    *("id", "start", "end", "speaker", "speaker_confidence"),
    *("language", "confidence", "suspect", "text"),
)
# East Asian editions of Excel take the full-width forms too.
_OPENS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")


def render(record: CallRecord, style: Style) -> str:
    """Return the header and one row a segment; what is not known is empty."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(_row(segment) for segment in segments(record))
    return file.getvalue()


def _row(segment: Segment) -> tuple[str, ...]:
    return (
        str(segment.id),
        f"{segment.start:.3f}",
        f"{segment.end:.3f}",
        _cell(segment.speaker or ""),
        _share(segment.speaker_confidence),
        _cell(segment.language or ""),
        _share(segment.confidence),
        _cell(segment.suspect or ""),
        _cell(segment.text),
    )


def _share(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"


def _cell(text: str) -> str:
    plain = clean(text).strip()
    return f"'{plain}" if plain.startswith(_OPENS_FORMULA) else plain
