"""Recipes: which there are, how they are written, whether they can be used here."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from voicectl.errors import VoicectlError
from voicectl.results import RecipeLine
from voicectl.types import Ask, Problem
from voicectl_daemon.parts import House, Parts
from voicectl_recipes import load

router = APIRouter(prefix="/v1", tags=["recipes"])


@router.get("/recipes")
def recipes(house: House) -> list[RecipeLine]:
    """Return all recipes by name, also those that cannot be used here, with the reason."""
    return [_line(house, Ask((), recipe=name)) for name in house.shelf.names()]


@router.get("/recipes/{name}", response_class=PlainTextResponse)
def recipe(name: str, house: House) -> str:
    """Return a recipe as it is written."""
    return house.shelf.text(name).decode(errors="replace")


@router.post("/recipes/check")
def check(ask: Ask, house: House) -> RecipeLine:
    """Return whether the recipe of an order can be used here, with its options; ask for nothing."""
    return _line(house, ask)


def checked(house: Parts, ask: Ask) -> load.Plan:
    """Return the recipe of an order, checked whole: its models are there.

    Raises `UnknownName`, `RecipeError`, `UsageError`, `ModelMissing`.
    """
    found = _recipe(house, ask)
    options = house.words.beside(ask.options, found)
    plan = load.check(found, options, house.shelf.beside)
    house.planner.resolve(plan)
    return plan


def _recipe(house: Parts, ask: Ask) -> load.Recipe:
    if ask.written is None:
        return house.shelf.find(ask.recipe)
    return load.read(ask.written.encode(), ask.recipe)


def _line(house: Parts, ask: Ask) -> RecipeLine:
    own = ask.written is not None or house.shelf.is_own(ask.recipe)
    title, steps = "", tuple[str, ...]()
    try:
        found = _recipe(house, ask)
        title, steps = found.title, tuple(step.stage for step in found.steps)
        checked(house, ask)
    except VoicectlError as error:
        return RecipeLine(
            ask.recipe, title, steps, own, Problem(error.code, error.text, error.hint)
        )
    return RecipeLine(ask.recipe, title, steps, own)
