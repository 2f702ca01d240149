"""`voicectl run`: recordings through a recipe."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from voicectl.cli import inputs, submit
from voicectl.cli.flags import (
    BEEP,
    BEHAVIOUR,
    COMMAND,
    FILES,
    KEEP_ORIGINAL,
    OPTIONS,
    STYLE,
    SUBTITLES,
    Flag,
    switch,
)
from voicectl.cli.progress import Taste, story
from voicectl.cli.transcribe import command_line, take_flags, with_copies
from voicectl.cli.typed import Sorted, sort
from voicectl.errors import UsageError
from voicectl.handwritten import content
from voicectl.types import Ask, Outputs

LARGEST = 256 * 1024
"""Bytes of a recipe; as in the daemon, which would refuse a larger one."""
ENDING = ".toml"
MASKING = "redact"
"""The step that `--keep-original` is about."""
TRANSCRIBE = "transcribe"
CHANGES = "changes"
"""Goes to the recipe's own steps."""

# fmt: off
RECIPE = (
    Flag("--set", "STAGE.OPTION=VALUE", lambda text: (text,), "",
         "Change an option of a step, such as transcribe.language=sw; repeat it for more.",
         goes=CHANGES, many=True),
)
QUIET = switch("--quiet -q", "Print nothing unless something is wrong.")
# fmt: on
PANELS = {
    "The recipe": (*RECIPE, KEEP_ORIGINAL),
    "Input and output": (*FILES, BEEP),
    "Subtitles and files": tuple(flag for flag in SUBTITLES if flag.goes == STYLE),
    "Behaviour": (QUIET, *(f for f in BEHAVIOUR if f.key not in ("print_colors", "offline"))),
}
ALL = tuple(flag for group in PANELS.values() for flag in group)


def run(recipe: str, recordings: list[str], **given: Any) -> None:
    """Take recordings through a recipe: text, and what it means.

    RECIPE is a name (see: voicectl recipes list), or a file of your own that ends in
    .toml. What is done already is not done again.

      voicectl run helpline ./calls --channel-names agent,caller
      voicectl run ./nightly.toml -r /srv/calls --quiet
    """
    name, written = order(recipe)
    found = sort(given, ALL, "voicectl run")
    command = found.get(COMMAND, {})
    if command.get("quiet"):
        command["log_level"] = "warning"
    folder = command.get("output_dir") or Path.cwd()
    chosen = with_copies(command)
    there = inputs.collect(recordings, recursive=command.get("recursive", False))
    quiet = command.get("log_level") in submit.QUIET
    teller = story(Taste(quiet=quiet, text=command.get("verbose", False) and not quiet))
    for note in there.notes:
        teller.note(note)
    ask = Ask(
        sources=(),
        recipe=name,
        written=written,
        options=changed(found),
        outputs=Outputs(str(folder), tuple(chosen), found.get(STYLE, {})),
        command=command_line(),
    )
    submit.see_through(ask, there, teller, command, command_line)


def order(recipe: str) -> tuple[str, str | None]:
    """Return the name of a recipe and, for a file, what it says. Raises `UsageError`."""
    if not recipe.endswith(ENDING):
        return recipe, None
    path = Path(recipe)
    try:
        return path.name.removesuffix(ENDING), content(path, LARGEST, pipes=True).decode()
    except OSError as error:
        raise UsageError(
            f"the recipe '{recipe}' cannot be read: {error.strerror}",
            hint="those that have a name are listed by: voicectl recipes list",
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"the recipe '{recipe}' is not UTF-8") from error


def changed(found: Sorted) -> dict[str, dict[str, Any]]:
    """Return the options of steps that the flags of a command change. Raises `UsageError`."""
    made = options(found.get(CHANGES, {}).get("set", ()))
    if found.get(COMMAND, {}).get("keep_original"):
        made.setdefault(MASKING, {})["keep_original"] = True
    if legs := found.get(OPTIONS):
        made[TRANSCRIBE] = made.get(TRANSCRIBE, {}) | legs
    return made


def options(changes: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the options of steps that `STAGE.OPTION=VALUE` change. Raises `UsageError`.

    VALUE is what TOML takes, or a text without quotes.
    """
    found: dict[str, dict[str, Any]] = {}
    for change in changes:
        name, joined, text = change.partition("=")
        stage, dot, option = name.strip().partition(".")
        if not (joined and dot and stage and option):
            raise UsageError(
                f"--set: '{change}' changes nothing", hint="it takes STAGE.OPTION=VALUE"
            )
        found.setdefault(stage, {})[option] = _value(text.strip())
    return found


def _value(text: str) -> Any:
    import msgspec

    from voicectl import parse

    try:
        return parse.toml(f"value = {text}", dict[str, Any])["value"]
    except msgspec.DecodeError:
        return text


def argument(name: str, kind: Any, metavar: str) -> inspect.Parameter:
    """Return an argument of a command that takes a table of flags."""
    annotation = Annotated[kind, typer.Argument(metavar=metavar, show_default=False)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)


take_flags(
    run,
    (argument("recipe", str, "RECIPE"), argument("recordings", list[str], "RECORDING")),
    PANELS,
)
