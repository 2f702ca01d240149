"""`voicectl watch`: every recording that comes into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from voicectl.cli import outcome, show, submit, values
from voicectl.cli.arrivals import Arrivals
from voicectl.cli.door import open_door
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
from voicectl.cli.parting import Parting
from voicectl.cli.progress import Story, Taste
from voicectl.cli.run import QUIET, RECIPE, argument, changed, order
from voicectl.cli.transcribe import command_line, take_flags, with_copies
from voicectl.cli.typed import Sorted, sort
from voicectl.cli.values import one_of, words
from voicectl.cli.watching import Pace, Watcher
from voicectl.errors import UsageError, from_wire
from voicectl.results import RecipeWish
from voicectl.types import Ask, Outputs

KEEP, MOVE, DELETE = "keep", "move", "delete"

# fmt: off
WHICH = Flag("--recipe", "RECIPE", words, "transcribe",
             "A name (see: voicectl recipes list) or a file that ends in .toml.", goes=COMMAND)
FOLDER = (
    Flag("--settle", "SECONDS", values.number(0.0), "10",
         "How long a recording must not have changed before it is taken.", goes=COMMAND),
    Flag("--poll", "SECONDS", values.number(0.1), "2", "How often the folder is read.",
         goes=COMMAND),
    switch("--once", "Leave when what is there now is done."),
)
AFTERWARDS = (
    Flag("--after", "keep|move|delete", one_of(KEEP, MOVE, DELETE), KEEP,
         "What becomes of a recording when its files are written.", goes=COMMAND),
    Flag("--move-to", "DIR", values.folder, "", "Move recordings that are done there.",
         goes=COMMAND),
    Flag("--failed-to", "DIR", values.folder, "they stay",
         "Move recordings there that failed.", goes=COMMAND),
)
# fmt: on
PANELS = {
    "The folder": (*(flag for flag in FILES if flag.key == "recursive"), *FOLDER),
    "The recipe": (
        WHICH,
        *RECIPE,
        *(flag for flag in FILES if flag.goes == OPTIONS),
        KEEP_ORIGINAL,
    ),
    "Files": (*(flag for flag in FILES if flag.key in ("output_dir", "output_format")), BEEP),
    "Afterwards": AFTERWARDS,
    "Subtitles and files": tuple(flag for flag in SUBTITLES if flag.goes == STYLE),
    "Behaviour": (QUIET, *(flag for flag in BEHAVIOUR if flag.key == "log_level")),
}
ALL = tuple(flag for group in PANELS.values() for flag in group)


def watch(folder: str, **given: Any) -> None:
    """Take every recording that comes into a folder through a recipe.

    A recording is taken when nobody has written to it for a while; what is done
    already is not done again. Any folder will do, also one of another machine.
    Ctrl-C ends it, and the same command goes on.

      voicectl watch /srv/inbox --recipe helpline -o /srv/text
      voicectl watch -r /srv/inbox --move-to /srv/done --failed-to /srv/bad
    """
    found = sort(given, ALL, "voicectl watch")
    command = found.get(COMMAND, {})
    source = _source(folder)
    parting = _parting(source, command)
    ask = _ask(found)
    _check(ask)
    quiet = command.get("quiet", False) or command.get("log_level") in submit.QUIET
    story = Story(Taste(quiet=quiet))
    away = [each for each in (parting.move_to, parting.failed_to) if each]
    arrivals = Arrivals(
        source, recursive=command.get("recursive", False), without=away, tell=story.say
    )
    pace = Pace(**{name: command[name] for name in ("settle", "poll") if name in command})
    once = command.get("once", False)
    if not once:
        story.note(f"watching {source}; Ctrl-C ends it")
    ended = Watcher(arrivals, ask, parting, pace, story).watch(once=once)
    if ended.interrupted:
        show.note(f"nothing is lost; go on with: {command_line()}")
    elif not quiet:
        show.note(outcome.totals(ended))
    raise typer.Exit(int(outcome.verdict(ended)))


def _source(folder: str) -> Path:
    path = values.absolute(folder)
    if not folder or not path.is_dir():
        raise UsageError(f"there is no folder '{folder}' to watch", hint="is its disk mounted?")
    return path


def _parting(source: Path, command: dict[str, Any]) -> Parting:
    """Return what becomes of recordings. Raises `UsageError` for what contradicts itself."""
    move_to, failed_to = command.get("move_to"), command.get("failed_to")
    after = command.get("after", MOVE if move_to else KEEP)
    if after == MOVE and move_to is None:
        raise UsageError("--after move does not say where to", hint="add --move-to DIR")
    if after != MOVE and move_to is not None:
        raise UsageError(f"--move-to contradicts --after {after}", hint="leave one of them out")
    for flag, place in (("--move-to", move_to), ("--failed-to", failed_to)):
        if place is not None:
            _make(flag, place, source)
    return Parting(source, move_to, after == DELETE, failed_to)


def _make(flag: str, place: Path, source: Path) -> None:
    try:
        place.mkdir(parents=True, exist_ok=True)
        if place.samefile(source):
            raise UsageError(f"{flag} is the folder that is watched", hint="choose another one")
    except OSError as error:
        raise UsageError(f"{flag}: '{place}' cannot be used: {error.strerror}") from error


def _ask(found: Sorted) -> Ask:
    command = found.get(COMMAND, {})
    name, written = order(command.get("recipe", "transcribe"))
    chosen = with_copies(command)
    return Ask(
        sources=(),
        recipe=name,
        written=written,
        options=changed(found),
        outputs=Outputs(
            str(command.get("output_dir") or Path.cwd()), tuple(chosen), found.get(STYLE, {})
        ),
        command=command_line(),
    )


def _check(ask: Ask) -> None:
    """Refuse a recipe that cannot be used before any recording comes."""
    with open_door() as door:
        line = door.check(RecipeWish(ask.recipe, ask.written, ask.options))
    if line.problem:
        raise from_wire(line.problem.code, line.problem.text, line.problem.hint)


take_flags(watch, (argument("folder", str, "DIR"),), PANELS)
