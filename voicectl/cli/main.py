"""The command line: every command, and how each one ends."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from voicectl import __version__
from voicectl.cli import asterisk, calls, jobs, models, recipes, schedules, show, sim, webhooks
from voicectl.cli.audit import audit
from voicectl.cli.doctor import doctor
from voicectl.cli.elsewhere import INSTEAD
from voicectl.cli.help import Command, Group, group
from voicectl.cli.identity import app as identity
from voicectl.cli.monitor import monitor
from voicectl.cli.report import report
from voicectl.cli.run import run
from voicectl.cli.serve import serve
from voicectl.cli.sql import sql
from voicectl.cli.status import reload, status, stop
from voicectl.cli.transcribe import Transcribe, transcribe
from voicectl.cli.watch import watch
from voicectl.errors import ExitStatus, VoicectlError

PIPE_CLOSED = 141
"""What a shell reports of a command whose reader left: 128 + SIGPIPE."""

WORK, RESULTS, HOUSE = "Work", "Results", "This machine"
ORDER = (
    "transcribe", "run", "watch", "recipes", "schedules", "webhooks", "jobs", "monitor", "calls",
    "report", "sql", "doctor", "asterisk", "models", "identity", "audit", "sim", "status",
    "reload", "stop", "serve",
)  # fmt: skip
"""Of commands on the help page: what people need first stands first."""


class Voicectl(Group):
    """The command that has all others."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands as the help page shows them."""
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = group(
    """
Turn the phone calls of a helpline into text, on this machine, offline.

Start with:

  voicectl transcribe ./calls/*.wav
""",
    Voicectl,
)
app.command(cls=Transcribe, rich_help_panel=WORK)(transcribe)
app.command(cls=Transcribe, rich_help_panel=WORK)(run)
app.command(cls=Transcribe, rich_help_panel=WORK)(watch)
app.add_typer(recipes.app, name="recipes", rich_help_panel=WORK)
app.add_typer(schedules.app, name="schedules", rich_help_panel=WORK)
app.add_typer(webhooks.app, name="webhooks", rich_help_panel=WORK)
app.add_typer(sim.app, name="sim", rich_help_panel=HOUSE)
app.add_typer(jobs.app, name="jobs", rich_help_panel=WORK)
app.command(cls=Command, rich_help_panel=RESULTS)(monitor)
app.add_typer(calls.app, name="calls", rich_help_panel=RESULTS)
app.command(cls=Command, rich_help_panel=RESULTS)(report)
app.command(cls=Command, rich_help_panel=RESULTS)(sql)
app.command(cls=Command, rich_help_panel=HOUSE)(doctor)
app.add_typer(asterisk.app, name="asterisk", rich_help_panel=HOUSE)
app.add_typer(models.app, name="models", rich_help_panel=HOUSE)
app.add_typer(identity, name="identity", rich_help_panel=HOUSE)
app.command(cls=Command, rich_help_panel=HOUSE)(audit)
app.command(cls=Command, rich_help_panel=HOUSE)(status)
app.command(cls=Command, rich_help_panel=HOUSE)(reload)
app.command(cls=Command, rich_help_panel=HOUSE)(stop)
app.command(cls=Command, rich_help_panel=HOUSE)(serve)


def _version(wanted: bool) -> None:
    if wanted:
        show.answer(f"voicectl {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            metavar="",
            callback=_version,
            is_eager=True,
            help="Print the version.",
        ),
    ] = False,
) -> None:
    """Take the flags that stand before any command."""


def main() -> None:
    """Run one command and end with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        status = _run()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the answer has seen enough. Nothing may be flushed into the pipe at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = PIPE_CLOSED
    sys.exit(status)


def _run() -> int:
    command = typer.main.get_command(app)
    try:
        return command.main(prog_name="voicectl", standalone_mode=False) or ExitStatus.OK
    except VoicectlError as error:
        show.problem(error.text, error.hint)
        return error.exit_status
    except typer.TyperException as error:
        return _misused(error)
    except FileNotFoundError:
        if _has_a_place():
            raise
        show.problem("the folder that this shell is in is not there any more", "cd to another one")
        return ExitStatus.USAGE
    except SystemExit as error:
        # So does typer leave, and only then, when the reader of the answer is gone.
        raise BrokenPipeError from error
    except (KeyboardInterrupt, typer.Abort):
        return ExitStatus.INTERRUPTED


def _has_a_place() -> bool:
    try:
        return bool(Path.cwd())
    except FileNotFoundError:
        return False


def _misused(error: typer.TyperException) -> int:
    """Explain what the parser of the command line did not understand."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "voicectl"
    message = error.format_message().rstrip(".")
    instead = INSTEAD.get(getattr(error, "option_name", ""))
    if instead:
        # What the parser takes for a misspelling is no such thing.
        message, _, _ = message.partition(" (")
    instead = instead or _elsewhere(context, message)
    show.problem(message[:1].lower() + message[1:], instead or f"see: {path} --help")
    return error.exit_code


def _elsewhere(context: Any, message: str) -> str:
    """Return which command of a group was meant, where one has the name that was typed."""
    typed = re.match(r"No such command '([^']*)'", message)
    if typed is None or context is None:
        return ""
    commands = getattr(context.command, "commands", {})
    having = [
        f"{context.command_path} {name} {typed[1]}"
        for name, group in commands.items()
        if typed[1] in getattr(group, "commands", {})
    ]
    return f"there is: {', '.join(having)}" if having else ""


if __name__ == "__main__":
    main()
