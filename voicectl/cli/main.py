"""The command line: every command, and how each one ends."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from voicectl import __version__
from voicectl.cli import show
from voicectl.cli.elsewhere import INSTEAD
from voicectl.cli.help import Command, Group, group
from voicectl.errors import ExitStatus, VoicectlError

PIPE_CLOSED = 141
"""What a shell reports of a command whose reader left: 128 + SIGPIPE."""

WORK, RESULTS, HOUSE = "Work", "Results", "This machine"
COMMANDS = {
    "transcribe": (WORK, "transcribe.transcribe"),
    "run": (WORK, "run.run"),
    "watch": (WORK, "watch.watch"),
    "recipes": (WORK, "recipes.app"),
    "schedules": (WORK, "schedules.app"),
    "webhooks": (WORK, "webhooks.app"),
    "jobs": (WORK, "jobs.app"),
    "monitor": (RESULTS, "monitor.monitor"),
    "calls": (RESULTS, "calls.app"),
    "report": (RESULTS, "report.report"),
    "sql": (RESULTS, "sql.sql"),
    "doctor": (HOUSE, "doctor.doctor"),
    "asterisk": (HOUSE, "asterisk.app"),
    "models": (HOUSE, "models.app"),
    "identity": (HOUSE, "identity.app"),
    "audit": (HOUSE, "audit.audit"),
    "sim": (HOUSE, "sim.app"),
    "status": (HOUSE, "status.status"),
    "reload": (HOUSE, "status.reload"),
    "stop": (HOUSE, "status.stop"),
    "serve": (HOUSE, "serve.serve"),
}
"""Panel of the help page and place in `voicectl.cli`; what people need first stands first."""
SPELLED = ("transcribe", "run", "watch")
"""Commands that take the flags of whisper as whisper spells them."""
ABOUT = """
Turn the phone calls of a helpline into text, on this machine, offline.

Start with:

  voicectl transcribe ./calls/*.wav
"""


class Voicectl(Group):
    """The command that has all others."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands as the help page shows them."""
        return sorted(super().list_commands(ctx), key=[*COMMANDS].index)


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Return the command line with these commands; only what they need is imported."""
    app = group(ABOUT, Voicectl)
    app.callback()(options)
    for name in names:
        panel, place = COMMANDS[name]
        command = _load(place)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, rich_help_panel=panel)
        else:
            kind = _load("transcribe.Transcribe") if name in SPELLED else Command
            app.command(name, cls=kind, rich_help_panel=panel)(command)
    return app


def _load(place: str) -> Any:
    module, _, name = place.partition(".")
    return getattr(import_module(f"voicectl.cli.{module}"), name)


def _version(wanted: bool) -> None:
    if wanted:
        show.answer(f"voicectl {__version__}")
        raise typer.Exit


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
    # To import the others takes longer than most commands take.
    named = [name for name in sys.argv[1:2] if name in COMMANDS]
    try:
        command = typer.main.get_command(application(named or COMMANDS))
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
