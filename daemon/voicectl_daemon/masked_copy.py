"""A copy of a recording in which nothing is heard of what was masked, made when asked for."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from voicectl import beeps, parse
from voicectl.config import Redaction
from voicectl.errors import TooSlow, WorkerDied, from_wire
from voicectl.types import CallRecord

CHILD = "voicectl_models.beeping"
BLOCK = 1 << 20
"""Bytes that are handed out at once."""
COPY_SECONDS = 120.0
"""How long a copy may take, besides the length of the recording."""


def make(record: CallRecord, path: str, form: str, settings: Redaction, folder: Path) -> BinaryIO:
    """Return the copy, an open file without a name in `folder`.

    `path` is where the recording lies, `form` one of `wav`, `flac`, `ogg`. Decoding is native
    code, so a child does it. Raises `UsageError` for a call that is not masked, and whatever
    the child says.
    """
    stretches = beeps.stretches(
        record, settings.beep_margin, own_channel=settings.beep_channels == "own"
    )
    order = {
        "path": path,
        "name": record.audio.name,
        "sha256": record.audio.sha256,
        "rate": record.audio.rate,
        "stretches": stretches,
        "format": form,
        "sound": settings.beep,
    }
    # The file is the one that is returned: open, and gone with whoever reads it.
    target: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115, it outlives this function
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", CHILD, str(target.fileno())],
            input=msgspec.json.encode(order),
            stdout=subprocess.PIPE,
            pass_fds=[target.fileno()],
            check=False,
            timeout=COPY_SECONDS + record.audio.seconds,
        )
        if ended.returncode:
            raise _why(ended.stdout, record.audio.name)
    except subprocess.TimeoutExpired as error:
        target.close()
        raise TooSlow(f"{record.audio.name} could not be copied in time") from error
    except BaseException:
        target.close()
        raise
    target.seek(0)
    return target


def _why(said: bytes, name: str) -> Exception:
    try:
        trouble = parse.json(said, dict[str, str])
        return from_wire(trouble["code"], trouble["text"], trouble["hint"])
    except (msgspec.DecodeError, KeyError):
        return WorkerDied(f"the process that copied {name} was lost")


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield a file piece by piece, and close it."""
    with file:
        while block := file.read(BLOCK):
            yield block
