"""Recipes: which there are, how they are written, whether they can be used here."""

from __future__ import annotations

from fastapi import APIRouter

from voicectl.errors import VoicectlError
from voicectl.results import RecipeLine, RecipeWish
from voicectl.types import Problem
from voicectl_daemon.parts import House, Parts
from voicectl_recipes import load

router = APIRouter(prefix="/v1", tags=["recipes"])


@router.get("/recipes")
def recipes(house: House) -> list[RecipeLine]:
    """Return all recipes by name, also those that cannot be used here, with the reason."""
    return [_line(house, RecipeWish(name)) for name in house.shelf.names()]


@router.get("/recipes/{name}")
def recipe(name: str, house: House) -> str:
    """Return a recipe as it is written."""
    return house.shelf.text(name).decode(errors="replace")


@router.post("/recipes/check")
def check(wish: RecipeWish, house: House) -> RecipeLine:
    """Return whether a recipe can be used here, with some options; nothing is done."""
    return _line(house, wish)


def checked(house: Parts, wish: RecipeWish) -> load.Plan:
    """Return a recipe, checked whole: its models are there.

    Raises `UnknownName`, `RecipeError`, `UsageError`, `ModelMissing`.
    """
    found = _recipe(house, wish)
    options = house.words.beside(wish.options, found)
    plan = load.check(found, options, house.shelf.beside)
    house.planner.resolve(plan)
    return plan


def _recipe(house: Parts, wish: RecipeWish) -> load.Recipe:
    if wish.written is None:
        return house.shelf.find(wish.recipe)
    return load.read(wish.written.encode(), wish.recipe)


def _line(house: Parts, wish: RecipeWish) -> RecipeLine:
    own = wish.written is not None or house.shelf.is_own(wish.recipe)
    title, steps = "", tuple[str, ...]()
    try:
        found = _recipe(house, wish)
        title, steps = found.title, tuple(step.stage for step in found.steps)
        checked(house, wish)
    except VoicectlError as error:
        return RecipeLine(
            wish.recipe, title, steps, own, Problem(error.code, error.text, error.hint)
        )
    return RecipeLine(wish.recipe, title, steps, own)
