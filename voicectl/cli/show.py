"""What people see: text without tricks, tables, colours; and JSON for programs.

Names, speech and error texts come from elsewhere. Whatever a recording or a
file name contains, no control character of it reaches the terminal, and no
markup in it is obeyed: `clean` sees to the first, `Text` to the second.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

VOICES = ("cyan", "magenta", "green", "yellow", "blue")
"""Colours of speakers, in the order in which they are heard."""
DOUBTFUL = 0.5
"""Below this a recogniser is rather unsure; such text is dimmed or coloured."""
SHORT = 48
"""Characters of a long line that a table shows."""
UNBROKEN = ("Call", "Job", "Recording")
"""Columns of names, which are kept whole while they are not long."""
_TRICKS = re.compile(
    r"[\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: they start escape sequences
    r"\u202a-\u202e\u2066-\u2069"  # bidi embeddings, overrides, isolates: they reorder the line
    r"\u2028\u2029"  # line and paragraph separators
    r"\ud800-\udfff]"  # halves of a character: bytes of a file name that are not UTF-8
)
_SPACES = str.maketrans("\t\n\r\u2028\u2029", "     ")


def clean(text: str) -> str:
    """Return `text` on one line with every control character made visible, such as `\\x1b`."""
    return _TRICKS.sub(_visible, text.translate(_SPACES))


def _visible(found: re.Match[str]) -> str:
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # a byte that Python could not decode
        number -= 0xDC00
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def text(content: str, style: str = "") -> Text:
    """Return clean text whose markup is inert."""
    return Text(clean(content), style=style)


# the two streams


def stdout() -> Console:
    """Return the place of the answer."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=False)


def stderr() -> Console:
    """Return the place of the story."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def note(message: str, style: str = "") -> None:
    """Tell something on stderr, on one line however long."""
    stderr().print(text(message, style), soft_wrap=True)


def problem(sentence: str, hint: str = "") -> None:
    """Tell what went wrong and what helps, on stderr."""
    note(f"voicectl: {sentence}")
    if hint:
        note(f"  hint: {hint}")


# answers


def answer_json(value: Any) -> None:
    """Print `value` as JSON on stdout."""
    import msgspec

    encoded = msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
    # Only C0 is escaped by JSON itself; outside of strings none of these can occur.
    safe = _TRICKS.sub(lambda found: found[0] if found[0] == "\n" else _as_json(found), encoded)
    print(safe)


def _as_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def answer(line: str = "") -> None:
    """Print one line of the answer on stdout."""
    print(clean(line))


def table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print rows for people: a table on a terminal, aligned lines elsewhere.

    A column whose title ends in `>` is aligned to the right.
    """
    console = stdout()
    cells = [[text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    if not console.is_terminal:
        _plain_table(columns, cells)
        return
    shown = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="bold",
        show_edge=False,
    )
    for at, title in enumerate(columns):
        side: JustifyMethod = "right" if title.endswith(">") else "left"
        # A name that is broken in two is hard to read, and cannot be copied.
        whole = title in UNBROKEN and all(row[at].cell_len <= SHORT // 2 for row in cells)
        shown.add_column(
            title.rstrip(">"),
            justify=side,
            overflow="fold",
            no_wrap=whole,
        )
    for row in cells:
        shown.add_row(*row)
    console.print(shown)


def _plain_table(columns: Sequence[str], rows: list[list[Text]]) -> None:
    """Print aligned columns without frame, colour or limit of width, for pipes."""
    titles = [title.rstrip(">").upper() for title in columns]
    lines = [titles, *([cell.plain for cell in row] for row in rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(columns))]
    for line in lines:
        padded = (
            " " * (width - cell_len(cell)) + cell
            if title.endswith(">")
            else cell + " " * (width - cell_len(cell))
            for cell, width, title in zip(line, widths, columns, strict=True)
        )
        print("  ".join(padded).rstrip())


def short(line: str) -> str:
    """Return a long line cut for a table on a terminal, whole elsewhere."""
    return line if len(line) <= SHORT or not on_terminal() else line[: SHORT - 1] + "…"


def on_terminal() -> bool:
    """Return whether the answer goes to a terminal."""
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


# figures


def clock(seconds: float) -> str:
    """Return a length, or a place in a recording: `3:12`, `1:02:03`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def stamp(seconds: float) -> str:
    """Return a place in a recording as whisper prints it: `00:01.000`, `01:02:03.400`."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours:02}:" if hours else ""
    return f"{ahead}{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def length(seconds: float) -> str:
    """Return how long something takes: `8 s`, `3 min 12 s`, `41 min`, `1 h 12 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"


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


def about(name: str, sentence: str) -> str:
    """Return a sentence that says what it is about; many do so by themselves."""
    return sentence if name in sentence else f"{name}: {sentence}"


def when(moment: datetime) -> str:
    """Return a point in time as the clock on this wall shows it."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
