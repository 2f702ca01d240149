"""txt: one line a segment.

`[SPEAKER_00]: ` comes first when speakers are known, then `[suspect: loop] `
when the text may be invented.
"""

from __future__ import annotations

from voicectl.render import Style
from voicectl.render.plain import segments, speaker_label, spoken, suspect_label
from voicectl.types import CallRecord


def render(record: CallRecord, style: Style) -> str:
    """Return what was said, one line a segment."""
    return "".join(
        f"{speaker_label(segment)}{suspect_label(segment)}{spoken(segment)}\n"
        for segment in segments(record)
    )
