"""`voicectl calls export`: files of calls that are in the store, and tables for other programs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicectl import beeps
from voicectl.cli import show, values
from voicectl.cli.door import open_door
from voicectl.cli.flags import BEEP, COMMAND, FLAGS, STYLE, USUAL_FORMATS, Flag
from voicectl.cli.flags import switch as flag_switch
from voicectl.cli.outputs import Writer, style
from voicectl.cli.transcribe import take_flags, with_copies
from voicectl.cli.typed import sort
from voicectl.cli.values import listed
from voicectl.errors import DiskFull, ExitStatus, UsageError
from voicectl.selection import Found, Which
from voicectl.types import Outputs

if TYPE_CHECKING:
    from voicectl.client import Door

PARQUET = "parquet"
TABLES = (
    "calls", "segments", "words", "entities", "labels", "scores", "risks", "summaries",
    "translations", "feedback", "live_calls",
)  # fmt: skip
STDOUT = "-"
WHICH = "which"
"""Goes to the daemon: see `Which`."""

# fmt: off
CHOICE = (
    Flag("--query", "TEXT", values.words, "", "Calls in which this was said.", goes=WHICH),
    Flag("--since", "DATE", values.moment, "", "Calls first seen then or later.", goes=WHICH),
    Flag("--until", "DATE", values.end, "", "Calls first seen until then, that day included.",
         goes=WHICH),
    Flag("--language", "LANGUAGE", values.language, "", "Calls in this language.", goes=WHICH),
    Flag("--name", "PATTERN", values.words, "", "Recordings of such a name, as in '2026-11-*.wav'.",
         goes=WHICH),
)
FILES = (
    Flag("--output_dir -o", "DIR|-", values.words, ".",
         "Where the files are written; - for stdout, with one call and one format.", goes=COMMAND),
    Flag("--output_format -f", "FORMAT", listed(str.lower), ",".join(USUAL_FORMATS),
         "As for transcribe; or parquet, tables for other programs.",
         goes=COMMAND, many=True),
    BEEP,
    *(flag for flag in FLAGS if flag.goes == STYLE),
    flag_switch("--json", "Print what was written as JSON."),
)
# fmt: on
PANELS = {"Which calls": CHOICE, "Files": FILES}


@dataclass(frozen=True, slots=True)
class File:
    """A file that was asked for."""

    call: str | None
    """None for a table of many calls."""
    format: str
    path: str
    new: bool
    """False when the very same file was there already."""


def export(calls: list[str], **given: Any) -> None:
    """Write files of calls that were transcribed before; nothing is recognised again.

    CALL is the id of a call or its beginning, or `last`, the one worked on last. Without any
    and without flags that choose it is every call.

      voicectl calls export last -f srt -o subtitles
      voicectl calls export --query knife --since 2026-11-01 -f json,md -o found
      voicectl calls export -f parquet -o bi
    """
    found = sort(given, (*CHOICE, *FILES), "voicectl calls export")
    command = found.get(COMMAND, {})
    wanted = with_copies(command, [PARQUET])
    folder = command.get("output_dir", ".")
    outputs = Outputs(folder, tuple(wanted), found.get(STYLE, {}))
    style(outputs)
    if folder == STDOUT and (len(wanted) != 1 or wanted[0] in (PARQUET, *beeps.FORMATS)):
        raise UsageError(
            "stdout takes one format of text", hint="name it with -f, or a folder with -o"
        )
    chosen = found.get(WHICH, {})
    times = {name: chosen.pop(name).isoformat() for name in ("since", "until") if name in chosen}
    which = Which(tuple(calls), chosen.pop("query", None), **times, **chosen)
    with open_door() as door:
        there = door.find(which)
        if folder == STDOUT:
            _print(door, there, outputs)
            return
        if not there:
            show.note("no call fits; see: voicectl calls list")
        as_json = command.get("json", False)
        raise typer.Exit(int(_write(door, there, outputs, as_json=as_json)))


def _print(door: Door, there: Sequence[Found], outputs: Outputs) -> None:
    """Write one call to stdout, as its file would be."""
    from voicectl.registry import FORMATS, load

    if len(there) != 1:
        raise UsageError(
            f"stdout takes one call, and {show.count(len(there), 'call')} fit",
            hint="name one, or a folder with -o",
        )
    content = load(FORMATS, outputs.formats[0])(door.call(there[0].id), style(outputs))
    sys.stdout.flush()
    sys.stdout.buffer.write(content.encode(errors="replace"))


def _write(door: Door, there: Sequence[Found], outputs: Outputs, *, as_json: bool) -> ExitStatus:
    """Write every file; what fails for one call does not keep the others from theirs."""
    # The daemon remembers the files, and works in another folder than this.
    folder = Path(outputs.folder).expanduser().absolute()
    texts = Outputs(str(folder), tuple(f for f in outputs.formats if f != PARQUET), outputs.options)
    writer = Writer(door, texts, {call.id: (call.name, call.path) for call in there})
    written: list[File] = []
    failed = 0
    names = {call.id: call.name for call in there}
    for kept in writer.write({call.id: (call.id, None) for call in there} if texts.formats else {}):
        if isinstance(kept.error, DiskFull):
            raise kept.error
        if kept.error:
            failed += 1
            show.problem(show.about(names[kept.recording], kept.error.text), kept.error.hint)
            continue
        files = (File(kept.recording, file.format, file.path, file.new) for file in kept.files)
        _tell(files, written, as_json)
    if PARQUET in outputs.formats and there:
        _tell(_tables(door, there, folder), written, as_json)
    if as_json:
        show.answer_json(written)
    if not failed:
        return ExitStatus.OK
    return ExitStatus.SOME_FAILED if failed < len(there) else ExitStatus.ALL_FAILED


def _tell(files: Iterator[File], written: list[File], as_json: bool) -> None:
    """Name the files as they are written; keep them only for whom it is asked."""
    for file in files:
        if as_json:
            written.append(file)
        else:
            show.answer(file.path)


def _tables(door: Door, there: Sequence[Found], folder: Path) -> Iterator[File]:
    from voicectl.render import files

    ids = [call.id for call in there]
    for table in TABLES:
        path = folder / f"{table}.{PARQUET}"
        files.write_blocks(path, door.table(table, ids))
        yield File(None, PARQUET, str(path), True)


CALLS = inspect.Parameter(
    "calls",
    inspect.Parameter.KEYWORD_ONLY,
    annotation=Annotated[list[str], typer.Argument(metavar="CALL", show_default=False)],
    default=(),
)
take_flags(export, [CALLS], PANELS)
