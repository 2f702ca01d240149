"""Recipes as people write them, read strictly and checked whole before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from voicectl import amounts, parse, registry
from voicectl.errors import RecipeError, VoicectlError
from voicectl.handwritten import content, nearest
from voicectl.interfaces import Stage
from voicectl_recipes.written import ByName

LARGEST = 256 * 1024
"""Bytes; a recipe is a page, not a book."""
ENDING = ".toml"
SHIPPED = files("voicectl_recipes").joinpath("builtin")
REDACT = "redact"
"""The stage that masks what was found."""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One stage and what is asked of it."""

    stage: str
    options: dict[str, Any] = {}
    time_limit: float | str | None = None
    """How long it may take for one recording: seconds, or text such as `"10m"`; None leaves it
    to the site's config."""

    def __post_init__(self) -> None:
        """Refuse, by `ValueError`, a limit that is no length of time."""
        if self.seconds is not None and self.seconds <= 0:
            raise ValueError("time_limit is more than nothing")

    @property
    def seconds(self) -> float | None:
        """`time_limit` in seconds."""
        given = self.time_limit
        return None if given is None else amounts.seconds(given, "time_limit")


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is done to a call, in order."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CheckedStep:
    """A step whose stage is installed and whose options are right."""

    stage: Stage
    options: Any
    seconds: float | None = None
    """How long it may take for one recording; None where the recipe does not say."""


Plan = tuple[CheckedStep, ...]


def read(text: bytes, name: str) -> Recipe:
    """Return the recipe written in `text`. Raises `RecipeError` that names the key."""
    if len(text) > LARGEST:
        raise RecipeError(f"the recipe '{name}' is larger than {LARGEST // 1024} KiB")
    try:
        recipe = parse.toml(text, Recipe)
    except msgspec.ValidationError as error:
        hint = nearest(str(error), (*Recipe.__struct_fields__, *Step.__struct_fields__))
        raise RecipeError(f"the recipe '{name}': {error}", hint=hint) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecipeError(f"the recipe '{name}' cannot be read: {error}") from error
    if not recipe.steps:
        raise RecipeError(f"the recipe '{name}' has no steps")
    return recipe


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where recipes are found by name: the site's own first, then those that voicectl ships."""

    own: Path | None
    """The site's folder of recipes, if it has one."""

    @classmethod
    def of(cls, folder: str | None) -> Shelf:
        """Make it of what the config says."""
        return cls(Path(folder) if folder else None)

    @property
    def beside(self) -> tuple[Path, ...]:
        """Where the site's `schemes`, `forms` and such lie: beside its recipes."""
        return (self.own.parent,) if self.own else ()

    def names(self) -> list[str]:
        """Return every name there is, sorted."""
        return sorted({*_in(self.own), *_in(SHIPPED)})

    def is_own(self, name: str) -> bool:
        """True for a recipe of the site."""
        return name in _in(self.own)

    def text(self, name: str) -> bytes:
        """Return a recipe as it is written. Raises `UnknownName`, and `RecipeError` if unreadable.

        A name is no path: it leads nowhere but to these two places.
        """
        if name not in self.names():
            raise registry.unknown("recipe", name, self.names(), these="there")
        place = self.own if self.own is not None and self.is_own(name) else SHIPPED
        if not isinstance(place, Path):
            return place.joinpath(name + ENDING).read_bytes()
        try:
            return content(place / (name + ENDING), LARGEST)
        except OSError as error:
            raise RecipeError(f"the recipe '{name}' cannot be read: {error.strerror}") from error

    def find(self, name: str) -> Recipe:
        """Return a recipe; raises as `text` and `read` do."""
        return read(self.text(name), name)


def _in(place: Path | Traversable | None) -> list[str]:
    if place is None or not place.is_dir():
        return []
    files_there = (each.name for each in place.iterdir())
    return [name.removesuffix(ENDING) for name in files_there if name.endswith(ENDING)]


def check(
    recipe: Recipe,
    overrides: dict[str, dict[str, Any]] | None = None,
    folders: Sequence[Path] = (),
) -> Plan:
    """Return the recipe ready to run, with `overrides` (by stage) over its own options.

    What options name (schemes, forms, word lists) is read now, from the site's `folders`
    first. Raises `UnknownName` for a stage and such a file, `RecipeError` for an option
    that does not exist, and `UsageError` for a file that cannot be read.
    """
    plan, wrong = looked_at(recipe, overrides, folders)
    if wrong:
        raise wrong[0]
    return plan


def looked_at(
    recipe: Recipe,
    overrides: dict[str, dict[str, Any]] | None = None,
    folders: Sequence[Path] = (),
) -> tuple[Plan, list[VoicectlError]]:
    """Return the steps of a recipe that are ready to run, and what is wrong with the others.

    As `check`, which raises the first of it.
    """
    wanted = dict(overrides or {})
    plan: list[CheckedStep] = []
    wrong: list[VoicectlError] = []
    for step in recipe.steps:
        try:
            changed = step.options | wanted.pop(step.stage, {})
            plan.append(_checked(replace(step, options=changed), folders))
        except VoicectlError as error:
            wrong.append(error)
    wrong += [RecipeError(f"the recipe has no step '{name}'") for name in wanted]
    return tuple(plan), wrong


def _checked(step: Step, folders: Sequence[Path] = ()) -> CheckedStep:
    stage = registry.load(registry.STAGES, step.stage)()
    try:
        options = parse.plain(step.options, stage.options)
    except msgspec.ValidationError as error:
        known = stage.options.__struct_fields__
        near = nearest(str(error), known)
        raise RecipeError(
            f"step '{step.stage}': {error}",
            hint=f"{near} it understands: {', '.join(known) or 'nothing'}".strip(),
        ) from error
    resolved = options.resolved(folders) if isinstance(options, ByName) else options
    return CheckedStep(stage, resolved, step.seconds)


def masks(plan: Plan) -> bool:
    """True when a plan takes names and numbers out: then nobody may be told the words before."""
    return any(step.stage.name == REDACT for step in plan)


def to_wire(plan: Plan) -> bytes:
    """Return a checked recipe as JSON, every option spelled out."""
    return msgspec.json.encode(
        [Step(step.stage.name, msgspec.to_builtins(step.options), step.seconds) for step in plan]
    )


def from_wire(wire: bytes) -> Plan:
    """Return the checked recipe that `to_wire` wrote."""
    return tuple(_checked(step) for step in parse.json(wire, list[Step]))
