"""md: a conversation to read, one paragraph a segment.

`**agent** `00:12` text`: who, when, what. Text that may be invented is preceded
by *(suspect: loop)*. Characters that Markdown or HTML would obey are escaped.
"""

from __future__ import annotations

import re

from voicectl.render import Style
from voicectl.render.plain import clean, segments, speaker, spoken, suspect
from voicectl.render.times import clock
from voicectl.types import CallRecord, Segment

_SPECIAL = re.compile(r"([\\`*_\[\]<>&~])")


def render(record: CallRecord, style: Style) -> str:
    """Return the title, the facts and the conversation."""
    paragraphs = [f"# {_text(record.audio.name)}", _facts(record)]
    paragraphs += [_turn(segment) for segment in segments(record)]
    return "\n\n".join(paragraphs) + "\n"


def _facts(record: CallRecord) -> str:
    facts = [f"Duration {clock(record.audio.seconds)}"]
    if record.transcript:
        facts += [f"language {_text(record.transcript.language or 'unknown')}"]
        facts += [f"model {_text(record.transcript.model)}"]
    return " · ".join(facts)


def _turn(segment: Segment) -> str:
    who, why = _text(speaker(segment)), _text(suspect(segment))
    parts = (
        f"**{who}**" if who else "",
        f"`{clock(segment.start)}`",
        f"*(suspect: {why})*" if why else "",
        _text(spoken(segment)),
    )
    return " ".join(part for part in parts if part)


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", clean(text).strip())
