"""The files people get: a call record in, the text of a whole file out, one format a file.

A format is a function `render(record, style) -> str`, named by an entry point of the
group `voicectl.formats`. It reads no clock and no disk; `voicectl.render.files` writes.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

_AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]


class Style(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How files are to look, under whisper's own names."""

    max_line_width: _AtLeastOne | None = None
    """Characters in a line of subtitles, labels included; one longer word keeps its length."""
    max_line_count: _AtLeastOne | None = None
    """Lines in a cue. With `max_line_width`, cues may join segments of one speaker."""
    max_words_per_line: _AtLeastOne | None = None
    highlight_words: bool = False
    """Underline each word of the subtitles while it is spoken."""
    pretty_json: bool = False
    """Indent json for people."""
