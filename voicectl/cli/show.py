"""What people see: text without tricks, tables, colours; and JSON for programs.

Names, speech and error texts come from elsewhere. Whatever a recording or a
file name contains, no control character of it reaches the terminal, and no
markup in it is obeyed: `clean` sees to the first, `Text` to the second.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from voicectl.amounts import length as length
from voicectl.printable import TRICKS
from voicectl.printable import clean as clean
from voicectl.printable import clock as clock
from voicectl.printable import count as count
from voicectl.printable import size as size
from voicectl.printable import when as when

T = TypeVar("T")

VOICES = ("cyan", "magenta", "green", "yellow", "blue")
"""Colours of speakers, in the order in which they are heard."""
DOUBTFUL = 0.5
"""Below this a recogniser is rather unsure; such text is dimmed or coloured."""
SHORT = 48
"""Characters of a long line that a table shows."""
GAP = 2
"""Between the columns of a table."""
UNBROKEN = ("Call", "Job", "Recording")
"""Columns of names, which are kept whole while they are not long."""
_WORD = re.compile(r"\S+")
_PIECE = re.compile(r"[^_./=,-]+[_./=,-]*|[_./=,-]+")
"""Of a name that is too long for its line: it is broken behind these signs."""
_UNIT = re.compile(r"voicectl(?: [^\s;,()]+)+[;,.)]*|\S+")
"""What stays on one line of a note: a word, or a command, which somebody may copy."""


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
    """Tell something on stderr: on one line however long, but on a terminal broken between words.

    A command is not broken.
    """
    console = stderr()
    lines = _broken(clean(message), console.width) if console.is_terminal else [clean(message)]
    for line in lines:
        console.print(Text(line, style), soft_wrap=True)


def _broken(line: str, width: int) -> list[str]:
    """Return a line as several that fit, those after the first set in like the first, and more."""
    words = line.lstrip()
    margin = " " * (len(line) - len(words))
    lines = [""]
    for unit in _UNIT.findall(words):
        longer = f"{lines[-1]} {unit}".lstrip()
        if lines[-1] and cell_len(margin) + 2 * (len(lines) > 1) + cell_len(longer) > width:
            lines.append(unit)
        else:
            lines[-1] = longer
    return [f"{margin}{'  ' * (at > 0)}{each}" for at, each in enumerate(lines)]


def problem(sentence: str, hint: str = "") -> None:
    """Tell what went wrong and what helps, on stderr."""
    note(f"voicectl: {sentence}")
    if hint:
        note(f"  hint: {hint}")


# answers


def answer_json(value: Any, *, one_line: bool = False) -> None:
    """Print `value` as JSON on stdout."""
    import msgspec

    encoded = msgspec.json.encode(value).decode()
    if not one_line:
        encoded = msgspec.json.format(encoded, indent=2)
    # Only C0 is escaped by JSON itself; outside of strings none of these can occur.
    safe = TRICKS.sub(lambda found: found[0] if found[0] == "\n" else _as_json(found), encoded)
    print(safe)


def _as_json(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def answer(line: str = "") -> None:
    """Print one line of the answer on stdout."""
    print(clean(line))


def line(told: Text, margin: int = 0) -> None:
    """Print text on stdout, on a terminal broken between words.

    `margin` columns stay free on the lines after the first.
    """
    console = stdout()
    if not console.is_terminal or told.cell_len <= console.width:
        console.print(told, soft_wrap=True)
        return
    width = max(1, console.width - margin)
    head, rest = told.divide([margin]) if margin else (Text(), told)
    for number, each in enumerate(fitted(rest, width).wrap(console, width)):
        console.print(Text.assemble(head if number == 0 else " " * margin, each), soft_wrap=True)


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
    widths = _widths(columns, cells, console.width)
    for at, title in enumerate(columns):
        side: JustifyMethod = "right" if title.endswith(">") else "left"
        shown.add_column(
            title.rstrip(">"),
            justify=side,
            overflow="fold",
            no_wrap=_whole(title, cells, at),
            width=widths[at],
        )
    for row in cells:
        shown.add_row(*(fitted(cell, width) for cell, width in zip(row, widths, strict=True)))
    console.print(shown)


def listing(
    found: Sequence[T],
    columns: Sequence[str],
    row: Callable[[T], Sequence[str | Text]],
    *,
    nothing: str,
    json: bool,
) -> None:
    """Print what was found: as JSON, or a row for each of it, or a note that there is nothing."""
    if json:
        answer_json(found)
    elif found:
        table(columns, map(row, found))
    else:
        note(nothing)


def fitted(cell: Text, width: int | None) -> Text:
    """Return text in which words that are too long for a line are broken behind a sign in them."""
    places = list(_breaks(cell.plain, width)) if width else []
    return Text("\n").join(cell.divide(places)) if places else cell


def _breaks(content: str, width: int) -> Iterator[int]:
    for word in _WORD.finditer(content):
        used = 0
        for piece in _PIECE.finditer(word[0]) if cell_len(word[0]) > width else ():
            if used and used + cell_len(piece[0]) > width:
                yield word.start() + piece.start()
                used = 0
            used += cell_len(piece[0])


def room(
    columns: Sequence[str], rows: Sequence[Sequence[str | Text]], *, whole: bool = False
) -> int:
    """Return how many columns the terminal has left beside a table whose words are not broken.

    Below 0 it is too narrow. With `whole`, no cell is broken, and one more column is to come.
    """
    cells = [[text(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]
    sizes, least = _sizes(columns, cells)
    gaps = GAP * (len(columns) - (not whole))
    return stdout().width - sum(sizes if whole else least) - gaps


def _widths(columns: Sequence[str], rows: list[list[Text]], width: int) -> Sequence[int | None]:
    """Return how wide columns are when no word is broken, or else none but behind a sign in it.

    None where there is no room for that.
    """
    for parts in (_WORD, _PIECE):
        sizes, least = _sizes(columns, rows, parts)
        sizes = _narrowed(sizes, least, width - GAP * (len(columns) - 1))
        if sizes:
            return sizes
    return [None] * len(columns)


def _narrowed(sizes: list[int], least: list[int], width: int) -> list[int]:
    """Return widths that fit together, the widest made narrower; none where they cannot."""
    while sum(sizes) > width:
        wider = [at for at in range(len(sizes)) if sizes[at] > least[at]]
        if not wider:
            return []
        sizes[max(wider, key=lambda at: sizes[at])] -= 1
    return sizes


def _sizes(
    columns: Sequence[str], rows: list[list[Text]], parts: re.Pattern[str] = _WORD
) -> tuple[list[int], list[int]]:
    """Return the widths of columns whose cells are whole, and of those whose words or parts are."""
    titles = [title.rstrip(">") for title in columns]
    lines = [titles, *([cell.plain for cell in row] for row in rows)]
    sizes = [max(cell_len(line[at]) for line in lines) for at in range(len(columns))]
    words = [
        max((cell_len(part) for line in lines for part in _parts(line[at], parts)), default=0)
        for at in range(len(columns))
    ]
    least = [
        sizes[at] if _whole(title, rows, at) else words[at] for at, title in enumerate(columns)
    ]
    return sizes, least


def _parts(content: str, parts: re.Pattern[str]) -> Iterator[str]:
    """Yield the parts of its words."""
    for word in content.split():
        yield from parts.findall(word)


def _whole(title: str, rows: list[list[Text]], column: int) -> bool:
    """True for a name that is short: broken in two it is hard to read, and cannot be copied."""
    return title in UNBROKEN and all(row[column].cell_len <= SHORT // 2 for row in rows)


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


def stamp(seconds: float) -> str:
    """Return a place in a recording as whisper prints it: `00:01.000`, `01:02:03.400`."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    ahead = f"{hours:02}:" if hours else ""
    return f"{ahead}{minutes:02}:{rest // 1000:02}.{rest % 1000:03}"


def about(name: str, sentence: str) -> str:
    """Return a sentence that says what it is about; many do so by themselves."""
    return sentence if name in sentence else f"{name}: {sentence}"
