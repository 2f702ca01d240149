"""rttm: who spoke when, as diarization scorers read it (NIST Rich Transcription).

`SPEAKER <recording> 1 <start> <duration> <NA> <NA> <speaker> <NA> <NA>`, seconds
with three decimals. The recording is named without extension, as in reference
files; white space in names becomes `_`. A segment without speaker is
`SPEAKER_00`'s; one without length is left out, because scorers refuse it. There
is no text, so nothing tells which text may be invented.
"""

from __future__ import annotations

from pathlib import PurePath

from voicectl.render import Style
from voicectl.render.plain import clean, segments, speaker
from voicectl.render.times import milliseconds
from voicectl.types import CallRecord, Segment


def render(record: CallRecord, style: Style) -> str:
    """Return one line a segment."""
    recording = _field(PurePath(clean(record.audio.name)).stem) or "recording"
    return "".join(_line(recording, segment) for segment in segments(record))


def _line(recording: str, segment: Segment) -> str:
    start = milliseconds(segment.start)
    length = milliseconds(segment.end) - start
    if length <= 0:
        return ""
    who = _field(speaker(segment)) or "SPEAKER_00"
    times = f"{start / 1000:.3f} {length / 1000:.3f}"
    return f"SPEAKER {recording} 1 {times} <NA> <NA> {who} <NA> <NA>\n"


def _field(text: str) -> str:
    return "_".join(text.split())
