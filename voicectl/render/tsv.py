"""tsv: `start`, `end` and `text` between tabs, in whole milliseconds.

Tabs in a text become spaces. `[suspect: loop] ` comes before a text that may be
invented; speakers are left to csv, so that there are always three columns.
"""

from __future__ import annotations

from voicectl.render import Style
from voicectl.render.plain import segments, spoken, suspect_label
from voicectl.render.times import milliseconds
from voicectl.types import CallRecord, Segment


def render(record: CallRecord, style: Style) -> str:
    """Return the header and one line a segment."""
    return "start\tend\ttext\n" + "".join(_line(segment) for segment in segments(record))


def _line(segment: Segment) -> str:
    text = f"{suspect_label(segment)}{spoken(segment)}".replace("\t", " ")
    return f"{milliseconds(segment.start)}\t{milliseconds(segment.end)}\t{text}\n"
