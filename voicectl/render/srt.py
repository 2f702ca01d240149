"""srt: SubRip subtitles, `HH:MM:SS,mmm`, hours always.

`[SPEAKER_00]: ` comes first when speakers are known, then `[suspect: loop] `
when the text may be invented. `-->` in a text becomes `->`; SubRip knows no
other escape.
"""

from __future__ import annotations

from voicectl.render import Style
from voicectl.render.cues import cues
from voicectl.render.times import timestamp
from voicectl.types import CallRecord


def render(record: CallRecord, style: Style) -> str:
    """Return the subtitles, numbered from 1."""
    return "".join(
        f"{number}\n{_time(cue.start)} --> {_time(cue.end)}\n{cue.text()}\n\n"
        for number, cue in enumerate(cues(record, style), start=1)
    )


def _time(seconds: float) -> str:
    return timestamp(seconds, point=",", hours=True)
