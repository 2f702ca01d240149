"""`voicectl transcribe`: recordings in, files of text out."""

from __future__ import annotations

import inspect
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voicectl.cli import inputs, outcome, show
from voicectl.cli.door import open_door
from voicectl.cli.flags import PANELS, USUAL_FORMATS, Flag
from voicectl.cli.follow import Follower
from voicectl.cli.help import Command
from voicectl.cli.outcome import Outcome, Result
from voicectl.cli.progress import Story, Taste, story
from voicectl.cli.wish import Wish, spelled, wish
from voicectl.errors import RecordingError, UsageError, VoicectlError
from voicectl.registry import FORMATS, names, unknown
from voicectl.types import Ask, Outputs, Source

if TYPE_CHECKING:
    from voicectl.client import Door

EVERY_FORMAT = "all"
QUIET = ("warning", "error")


class Transcribe(Command):
    """The command, whose flags may or may not have `True` or `False` behind them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments as whisper spells them."""
        return super().parse_args(ctx, spelled(args))


def transcribe(recordings: list[str], **given: Any) -> None:
    """Turn recordings into text.

    RECORDING is a file, a folder, a pattern in quotes, or - for stdin. What is done
    already is not done again; files that are missing are written from what is known.

      voicectl transcribe ./calls/*.wav
      voicectl transcribe -r /srv/calls -o text -f srt --channel-names agent,caller
    """
    asked = wish(given)
    outputs = _outputs(asked)
    _check(asked)
    found = inputs.collect(recordings, recursive=asked.command.get("recursive", False))
    missing = [outcome.never_started(name, why) for name, why in found.missing.items()]
    teller = story(_taste(asked))
    for note in (*asked.notes, *found.notes):
        teller.note(note)
    ended = Outcome(None, missing)
    if found.recordings:
        with open_door() as door:
            sources = _sources(door, found.recordings.values(), missing, teller)
            ended = _run(door, _ask(asked, sources, outputs), teller) if sources else ended
        ended.results = [*missing, *ended.results] if ended.results is not missing else missing
    quiet = asked.command.get("log_level") in QUIET
    outcome.report(ended, json=asked.command.get("json", False), quiet=quiet)
    if ended.interrupted:
        show.note(f"resume with: {typed()}")
    raise typer.Exit(int(outcome.verdict(ended)))


def typed() -> str:
    """Return what the user typed, ready to be typed again."""
    line = shlex.join(["voicectl", *sys.argv[1:]])
    return os.fsencode(line).decode(errors="replace")


def _taste(asked: Wish) -> Taste:
    level = asked.command.get("log_level")
    colours = asked.command.get("print_colors", False)
    text = asked.command.get("verbose", False) or level == "debug" or colours
    return Taste(quiet=level in QUIET, text=text and level not in QUIET, colours=colours)


def _outputs(asked: Wish) -> Outputs:
    """Return the files to write. Raises `UnknownName` for a format that is not installed."""
    folder = asked.command.get("output_dir") or Path.cwd()
    formats = asked.command.get("output_format") or USUAL_FORMATS
    installed = names(FORMATS)
    for name in formats:
        if name not in (*installed, EVERY_FORMAT):
            raise unknown("format", name, [*installed, EVERY_FORMAT])
    chosen = installed if EVERY_FORMAT in formats else formats
    return Outputs(str(folder), tuple(chosen), asked.style)


def _check(asked: Wish) -> None:
    """Refuse what the daemon would refuse, before there is one."""
    import msgspec

    from voicectl.interfaces import TranscribeOptions
    from voicectl.render import Style

    try:
        msgspec.convert(asked.options, TranscribeOptions)
        msgspec.convert(asked.style, Style)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), hint="see: voicectl transcribe --help") from error


def _ask(asked: Wish, sources: tuple[Source, ...], outputs: Outputs) -> Ask:
    return Ask(
        sources=sources,
        options={"transcribe": asked.options},
        outputs=outputs,
        force=asked.command.get("force", False),
        fail_fast=asked.command.get("fail_fast", False),
        command=typed(),
    )


def _run(door: Door, ask: Ask, teller: Story) -> Outcome:
    return Follower(door, door.submit(ask), teller).follow(ours=True)


def _sources(
    door: Door, recordings: Iterable[inputs.Recording], missing: list[Result], teller: Story
) -> tuple[Source, ...]:
    """Return the recordings as the daemon knows them; send those that it cannot read itself."""
    wanted = list(recordings)
    readable = [str(each.path) for each in wanted if each.path and inputs.can_be_sent(each.path)]
    closed = set(door.unreadable(readable))
    near = set(readable) - closed
    sources = []
    for each in wanted:
        if each.path is not None and str(each.path) in near:
            sources.append(Source(str(each.path), each.name))
            continue
        teller.note(f"sending {each.name}")
        try:
            sources.append(Source(_upload(door, each), each.name))
        except VoicectlError as error:
            missing.append(outcome.never_started(each.name, error))
    return tuple(sources)


def _upload(door: Door, recording: inputs.Recording) -> str:
    if recording.path is None:
        if sys.stdin.isatty():
            raise UsageError(
                "there is nothing on stdin but you",
                hint="pipe a recording into it: sox ... | voicectl transcribe -",
            )
        return door.upload(sys.stdin.buffer, recording.name)
    try:
        with recording.path.open("rb") as content:
            return door.upload(content, recording.name)
    except OSError as error:
        raise RecordingError(f"'{recording.name}' cannot be read: {error.strerror}") from error


def _parameter(flag: Flag, panel: str) -> inspect.Parameter:
    """Return the flag as a parameter that typer understands."""
    option = typer.Option(
        *flag.names.split(),
        help=flag.help,
        metavar=flag.shape,
        show_default=flag.default or False,
        rich_help_panel=panel,
    )
    kind: Any = list[str] if flag.many else str | None if flag.shape else bool
    return inspect.Parameter(
        flag.key,
        inspect.Parameter.KEYWORD_ONLY,
        default=None if flag.shape else False,
        annotation=Annotated[kind, option],
    )


RECORDINGS = inspect.Parameter(
    "recordings",
    inspect.Parameter.KEYWORD_ONLY,
    annotation=Annotated[list[str], typer.Argument(metavar="RECORDING", show_default=False)],
)
# typer reads the flags of a command from the signature of its function; this one is a table.
transcribe.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
    [RECORDINGS, *(_parameter(flag, name) for name, group in PANELS.items() for flag in group)]
)
