"""`voicectl transcribe`: recordings in, files of text out."""

from __future__ import annotations

import inspect
import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
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
from voicectl.cli.typed import Typed, read, spelled
from voicectl.errors import RecordingError, UsageError, VoicectlError
from voicectl.registry import DIARIZERS, FORMATS, find, names, unknown
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
      voicectl transcribe mono.wav --diarize
    """
    typed = read(given)
    outputs = _outputs(typed)
    _check(typed)
    found = inputs.collect(recordings, recursive=typed.command.get("recursive", False))
    teller = story(_taste(typed))
    for note in (*typed.notes, *found.notes):
        teller.note(note)
    missing = [outcome.never_started(name, why) for name, why in found.missing.items()]
    try:
        ended = _work(typed, outputs, found, teller) if found.recordings else Outcome(None)
    except KeyboardInterrupt:
        _tell_how_to_resume(typed)
        raise
    ended.results = [*missing, *ended.results]
    quiet = typed.command.get("log_level") in QUIET
    outcome.report(ended, json=typed.command.get("json", False), quiet=quiet)
    if ended.interrupted:
        _tell_how_to_resume(typed)
    raise typer.Exit(int(outcome.verdict(ended)))


def command_line(*, without: str | None = None) -> str:
    """Return what the user typed, ready to be typed again; also `without` one switch."""
    words = sys.argv[1:]
    if without is not None:
        words = [word for word in spelled(words) if word != without]
    return os.fsencode(shlex.join(["voicectl", *words])).decode(errors="replace")


def _tell_how_to_resume(typed: Typed) -> None:
    # Forced again it would also do again what is finished by now.
    forced = typed.command.get("force", False)
    show.note(f"resume with: {command_line(without='--force' if forced else None)}")


def _taste(typed: Typed) -> Taste:
    level = typed.command.get("log_level")
    colours = typed.command.get("print_colors", False)
    text = typed.command.get("verbose", False) or level == "debug" or colours
    return Taste(quiet=level in QUIET, text=text and level not in QUIET, colours=colours)


def _outputs(typed: Typed) -> Outputs:
    """Return the files to write. Raises `UnknownName` for a format that is not installed."""
    folder = typed.command.get("output_dir") or Path.cwd()
    chosen = formats(typed.command.get("output_format") or USUAL_FORMATS)
    return Outputs(str(folder), tuple(chosen), typed.style)


def formats(asked: Sequence[str], others: Sequence[str] = ()) -> list[str]:
    """Return the formats that are meant. Raises `UnknownName` for one that is not installed.

    `others` may be asked for, too, but `all` does not mean them.
    """
    installed = names(FORMATS)
    for name in asked:
        if name not in (*installed, *others, EVERY_FORMAT):
            raise unknown("format", name, [*installed, *others, EVERY_FORMAT])
    if EVERY_FORMAT not in asked:
        return list(asked)
    return [*installed, *(name for name in asked if name in others)]


def _check(typed: Typed) -> None:
    """Refuse what the daemon would refuse, before there is one."""
    import msgspec

    from voicectl.interfaces import DiarizeOptions, TranscribeOptions
    from voicectl.render import Style

    try:
        msgspec.convert(typed.options, TranscribeOptions)
        find(DIARIZERS, msgspec.convert(typed.voices or {}, DiarizeOptions).backend)
        msgspec.convert(typed.style, Style)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), hint="see: voicectl transcribe --help") from error


def _work(typed: Typed, outputs: Outputs, found: inputs.Found, teller: Story) -> Outcome:
    """Hand in the recordings, and stay until they are done."""
    refused: list[Result] = []
    with open_door() as door:
        ask = Ask(
            sources=_sources(door, list(found.recordings.values()), refused, teller),
            recipe="transcribe" if typed.voices is None else "diarize",
            options=_options(typed),
            outputs=outputs,
            force=typed.command.get("force", False),
            fail_fast=typed.command.get("fail_fast", False),
            command=command_line(),
        )
        if not ask.sources:
            return Outcome(None, refused)
        job = door.submit(ask)
        for note in job.notes:
            teller.note(note)
        try:
            ended = Follower(door, job, teller).follow(ours=True)
        except KeyboardInterrupt:
            door.cancel(job.id)
            raise
    ended.results = [*refused, *ended.results]
    return ended


def _options(typed: Typed) -> dict[str, dict[str, Any]]:
    """Return the options of every step, by its stage."""
    voices = {} if typed.voices is None else {"diarize": typed.voices}
    return {"transcribe": typed.options, **voices}


def _sources(
    door: Door, wanted: list[inputs.Recording], refused: list[Result], teller: Story
) -> tuple[Source, ...]:
    """Return the recordings as the daemon knows them; send those that it cannot read itself."""
    paths = [str(each.path) for each in wanted if each.path and inputs.can_be_sent(each.path)]
    near = set(paths) - set(door.unreadable(paths))
    sources = []
    for each in wanted:
        if str(each.path) in near:
            sources.append(Source(str(each.path), each.name))
            continue
        teller.note(f"sending {each.name}")
        try:
            sources.append(Source(_upload(door, each), each.name))
        except VoicectlError as error:
            refused.append(outcome.never_started(each.name, error))
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


def parameter(flag: Flag, panel: str) -> inspect.Parameter:
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


def take_flags(
    command: Any, argument: inspect.Parameter, panels: Mapping[str, Iterable[Flag]]
) -> None:
    """Give a command its argument and a table of flags.

    Typer reads the flags of a command from the signature of its function.
    """
    flags = [parameter(flag, title) for title, group in panels.items() for flag in group]
    command.__signature__ = inspect.Signature([argument, *flags])


RECORDINGS = inspect.Parameter(
    "recordings",
    inspect.Parameter.KEYWORD_ONLY,
    annotation=Annotated[list[str], typer.Argument(metavar="RECORDING", show_default=False)],
)
take_flags(transcribe, RECORDINGS, PANELS)
