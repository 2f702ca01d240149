"""vtt: WebVTT subtitles, `[HH:]MM:SS.mmm`, hours only above zero.

`[SPEAKER_00]: ` comes first when speakers are known, then `[suspect: loop] `
in a span of class `suspect` when the text may be invented. `&`, `<` and `>` of
a text are escaped; the only other tag is `<u>` around the word that is spoken.
"""

from __future__ import annotations

from html import escape

from voicectl.render import Style
from voicectl.render.cues import cues
from voicectl.render.times import timestamp
from voicectl.types import CallRecord


def render(record: CallRecord, style: Style) -> str:
    """Return the subtitles under their `WEBVTT` header."""
    return "WEBVTT\n\n" + "".join(
        f"{_time(cue.start)} --> {_time(cue.end)}\n{cue.text(_escape, _span)}\n\n"
        for cue in cues(record, style)
    )


def _time(seconds: float) -> str:
    return timestamp(seconds, point=".", hours=False)


def _escape(text: str) -> str:
    return escape(text, quote=False)


def _span(mark: str) -> str:
    return f"<c.suspect>{mark.rstrip()}</c> " if mark else ""
