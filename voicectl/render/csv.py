"""csv: one row a segment, offsets in seconds, for spreadsheets."""

from __future__ import annotations

import csv
import io

from voicectl.render import Style
from voicectl.render.plain import clean, inert, segments
from voicectl.types import CallRecord, Segment

HEADER = (
    *("id", "start", "end", "speaker", "speaker_confidence"),
    *("language", "confidence", "suspect", "text"),
)


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
    return inert(clean(text).strip())
