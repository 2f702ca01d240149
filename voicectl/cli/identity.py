"""`voicectl identity`: the secret key of whoever may read what is masked for others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from voicectl.cli import show
from voicectl.cli.help import Command, group
from voicectl.errors import UsageError

app = group("Secret keys that open what was kept of masked calls.")


@app.command("new", cls=Command)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that is not there yet.")],
) -> None:
    """Make a secret key, and print its recipient, for voicectl.toml.

    Whoever has FILE can read every call that is kept for it, and without it
    nobody can. Keep it on another machine, and a copy elsewhere.

      voicectl identity new /media/stick/supervisor.txt
    """
    from voicectl import sealing

    content, recipient = sealing.new_identity()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as made:
            made.write(content)
            made.flush()
            os.fsync(made.fileno())
    except FileExistsError as error:
        raise UsageError(
            f"'{file}' is there already", hint="what it opens would be lost: name another file"
        ) from error
    except OSError as error:
        raise UsageError(f"'{file}' cannot be written: {error.strerror}") from error
    show.answer(f'recipients = ["{recipient}"]')
    show.note("put this line below [redaction] in voicectl.toml, then: voicectl stop")
    show.note(f"keep {file} where this machine cannot read it")
