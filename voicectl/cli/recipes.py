"""`voicectl recipes`: what can be done to a call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, Command, group
from voicectl.cli.run import ENDING, order
from voicectl.errors import UsageError, from_wire
from voicectl.results import RecipeLine, RecipeWish

app = group("Look at recipes: what is done to a call, step by step.")

Recipe = Annotated[
    str, typer.Argument(metavar="RECIPE", help="A name, or a file of your own that ends in .toml.")
]


@app.command("list", cls=Command)
def list_(json: Annotated[bool, JSON] = False) -> None:
    """List the recipes of the site and those that voicectl ships."""
    with open_door() as door:
        found = door.recipes()
    if json:
        show.answer_json(found)
    else:
        show.table(("Recipe", "What it does", "Steps", ""), [_row(each) for each in found])


@app.command("show", cls=Command)
def show_(recipe: Recipe) -> None:
    """Print a recipe as it is written."""
    name, written = order(recipe)
    if written is None:
        with open_door() as door:
            written = door.recipe(name)
    for line in written.splitlines():
        show.answer(line)


@app.command("check", cls=Command)
def check(recipe: Recipe, *, json: Annotated[bool, JSON] = False) -> None:
    """Say whether a recipe can be used here; nothing is run.

    Refused are unknown keys and options, stages that are not installed, steps for which no step
    before them finds what they need, models that are missing, and services that the site did not
    allow.
    """
    name, written = order(recipe)
    with open_door() as door:
        found = door.check(RecipeWish(name, written))
    if json:
        show.answer_json(found)
    if first := found.problem:
        for problem in (first, *found.others):
            show.problem(problem.text, problem.hint)
        raise typer.Exit(int(from_wire(first.code, first.text).exit_status))
    if not json:
        show.answer(f"{name}: {' > '.join(found.steps)}")


@app.command("new", cls=Command)
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where it is written: NAME.toml.")],
    like: Annotated[
        str,
        typer.Option(
            "--like", metavar="RECIPE", help="Which one is copied.", show_default="helpline"
        ),
    ] = "helpline",
) -> None:
    """Write a recipe of your own that begins as a copy of another."""
    if file.suffix != ENDING:
        raise UsageError(f"a recipe is a file that ends in {ENDING}", hint=f"{file}{ENDING}")
    if file.exists():
        raise UsageError(f"'{file}' is there already", hint="choose another name")
    with open_door() as door:
        written = door.recipe(like)
    try:
        with file.open("x") as target:
            target.write(written)
    except OSError as error:
        raise UsageError(f"'{file}' cannot be written: {error.strerror}") from error
    show.answer(str(file))
    show.note(f"try it with: voicectl recipes check {file}")


def _row(line: RecipeLine) -> tuple[str | Text, ...]:
    state = Text("cannot be used", style="red") if line.problem else Text("own" if line.own else "")
    return (line.name, line.title, ", ".join(line.steps), state)
