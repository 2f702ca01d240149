"""`voicectl calls reveal`: a masked call as it was, for whoever has the key.

The key is read here and used here: the daemon gives out what it cannot read itself.
"""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from voicectl.cli import conversation, show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON
from voicectl.errors import UsageError, VoicectlError, from_wire
from voicectl.results import FileWish, ResultWish

if TYPE_CHECKING:
    from voicectl.client import Door
    from voicectl.types import CallRecord

LARGEST = 64 * 1024
"""Bytes of an identity file."""
ENDING = "original"
"""Of a file that is written, before its format: never in place of a masked one."""
TEXT = "txt"


def reveal(
    call: Annotated[
        str,
        typer.Argument(metavar="CALL", help="The id of a call, its beginning, or `last`."),
    ],
    identity: Annotated[
        Path,
        typer.Option("--identity", "-i", metavar="FILE", help="The secret key, or a pipe with it."),
    ],
    output_format: Annotated[
        str | None,
        typer.Option("--output_format", "-f", metavar="FORMAT", help="Such as txt, srt, or json."),
    ] = None,
    output_dir: Annotated[
        Path | None,
        typer.Option(
            "--output_dir",
            "-o",
            metavar="DIR",
            help="Write NAME.original.FORMAT there, for your account only.",
        ),
    ] = None,
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Show a masked call as it was said, when its original was kept.

    That takes --keep-original when it was masked, and the identity of one of
    the recipients that voicectl.toml named then. Nothing is written to disk
    without -o. Who asks is noted: voicectl audit --reveals.

      voicectl calls reveal last --identity supervisor.txt
      voicectl calls reveal ID -i supervisor.txt -f srt > call.srt
    """
    from voicectl.registry import FORMATS, load
    from voicectl.render import Style

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the call
    secret = _read(identity)
    form = output_format or (TEXT if output_dir else None)
    render = load(FORMATS, form) if form else None
    with open_door() as door:
        masked = door.call(call)
        record = _opened(door, masked, secret)
        if render is not None and output_dir is not None:
            show.answer(
                _write(door, masked, render(record, Style()), f"{ENDING}.{form}", output_dir)
            )
            return
    if render is not None:
        sys.stdout.flush()
        sys.stdout.buffer.write(render(record, Style()).encode(errors="replace"))
    elif json:
        show.answer_json(record)
    else:
        conversation.show(record)


def _read(identity: Path) -> str:
    from voicectl.handwritten import content

    try:
        return content(identity, LARGEST, pipes=True).decode(errors="replace")
    except OSError as error:
        raise UsageError(
            f"the identity '{identity}' cannot be read: {error.strerror}",
            hint="it is the file that was made by: voicectl identity new FILE",
        ) from error


def _opened(door: Door, masked: CallRecord, secret: str) -> CallRecord:
    from voicectl import sealing

    record = sealing.opened(door.original(masked.id), secret)
    if (record.id, record.tenant) != (masked.id, masked.tenant):
        raise VoicectlError(
            f"what is kept as the original of {masked.id} is another call",
            hint="somebody has changed the store: bring it back from a backup",
        )
    return record


def _write(door: Door, masked: CallRecord, content: str, ending: str, folder: Path) -> str:
    """Write a file that goes with its call when that is deleted; return its path."""
    from voicectl.render import files

    os.umask(0o077)
    paths = files.candidates(folder.expanduser().absolute(), masked.audio.name, ending, masked.id)
    there = tuple(str(path) for path in paths if path.exists())
    (given,) = door.results(
        [ResultWish(masked.id, None, (FileWish(tuple(map(str, paths)), there),))]
    )
    if given.problem:
        raise from_wire(given.problem.code, given.problem.text, given.problem.hint)
    (path,) = given.files
    files.write(Path(path), content)
    return path
