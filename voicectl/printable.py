"""Text without tricks, and figures, as people see them on a terminal.

Names, speech and error texts come from elsewhere: whatever a recording, a caller or a file name
contains, no control character of it reaches a terminal.
"""

from __future__ import annotations

import re
from datetime import datetime

TRICKS = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: they start escape sequences
    r"\u202a-\u202e\u2066-\u2069"  # bidi embeddings, overrides, isolates: they reorder the line
    r"\u2028\u2029"  # line and paragraph separators
    r"\ud800-\udfff]"  # halves of a character: bytes of a file name that are not UTF-8
)
_SPACES = str.maketrans("\t\n\r\u2028\u2029", "     ")


def clean(text: str) -> str:
    """Return `text` on one line with every control character made visible, such as `\\x1b`."""
    return TRICKS.sub(_visible, text.translate(_SPACES))


def _visible(found: re.Match[str]) -> str:
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # a byte that Python could not decode
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def clock(seconds: float) -> str:
    """Return a length, or a place in a recording: `3:12`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(count: int) -> str:
    """Return a number of bytes: `640 MB`."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 recording`, `1,292 recordings`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def when(moment: datetime) -> str:
    """Return a point in time as the clock on this wall shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
