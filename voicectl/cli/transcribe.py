"""`voicectl transcribe`: recordings in, files of text out."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from voicectl import beeps
from voicectl.cli import inputs, submit
from voicectl.cli.flags import PANELS, USUAL_FORMATS, Flag
from voicectl.cli.help import Command
from voicectl.cli.progress import Taste, story
from voicectl.cli.typed import Typed, read, spelled
from voicectl.errors import UsageError
from voicectl.registry import DIARIZERS, FORMATS, find, names, unknown
from voicectl.types import Ask, Outputs

EVERY_FORMAT = "all"


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
    ask = Ask(
        sources=(),
        recipe="transcribe" if typed.voices is None else "diarize",
        options=_options(typed),
        outputs=outputs,
        command=command_line(),
    )
    submit.see_through(ask, found, teller, typed.command, lambda: _how_to_resume(typed))


def command_line(*, without: str | None = None) -> str:
    """Return what the user typed, ready to be typed again; also `without` one switch."""
    words = sys.argv[1:]
    if without is not None:
        words = [word for word in spelled(words) if word != without]
    return submit.typed_again(words)


def _how_to_resume(typed: Typed) -> str:
    # Forced again it would also do again what is finished by now.
    forced = typed.command.get("force", False)
    return command_line(without="--force" if forced else None)


def _taste(typed: Typed) -> Taste:
    level = typed.command.get("log_level")
    colours = typed.command.get("print_colors", False)
    text = typed.command.get("verbose", False) or level == "debug" or colours
    return Taste(
        quiet=level in submit.QUIET, text=text and level not in submit.QUIET, colours=colours
    )


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


def with_copies(command: Mapping[str, Any], others: Sequence[str] = ()) -> list[str]:
    """Return the formats that are meant where a recording may be copied without what is masked."""
    chosen = formats(command.get("output_format") or USUAL_FORMATS, (*others, *beeps.FORMATS))
    return list(dict.fromkeys([*chosen, *beeps.FORMATS[:1]])) if command.get("beep") else chosen


def _check(typed: Typed) -> None:
    """Refuse what the daemon would refuse, before there is one."""
    import msgspec

    from voicectl import parse
    from voicectl.interfaces import DiarizeOptions, TranscribeOptions
    from voicectl.render import Style

    try:
        parse.plain(typed.options, TranscribeOptions)
        find(DIARIZERS, parse.plain(typed.voices or {}, DiarizeOptions).backend)
        parse.plain(typed.style, Style)
    except msgspec.ValidationError as error:
        raise UsageError(str(error), hint="see: voicectl transcribe --help") from error


def _options(typed: Typed) -> dict[str, dict[str, Any]]:
    """Return the options of every step, by its stage."""
    voices = {} if typed.voices is None else {"diarize": typed.voices}
    return {"transcribe": typed.options, **voices}


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
    command: Any, arguments: Iterable[inspect.Parameter], panels: Mapping[str, Iterable[Flag]]
) -> None:
    """Give a command its arguments and a table of flags.

    Typer reads the flags of a command from the signature of its function.
    """
    flags = [parameter(flag, title) for title, group in panels.items() for flag in group]
    command.__signature__ = inspect.Signature([*arguments, *flags])


RECORDINGS = inspect.Parameter(
    "recordings",
    inspect.Parameter.KEYWORD_ONLY,
    annotation=Annotated[list[str], typer.Argument(metavar="RECORDING", show_default=False)],
)
take_flags(transcribe, [RECORDINGS], PANELS)
