"""Recipes: which there are, how they are written, whether they can be used here."""

from __future__ import annotations

from fastapi import APIRouter

from voicectl.errors import VoicectlError
from voicectl.results import RecipeLine, RecipeWish
from voicectl.types import Problem
from voicectl_daemon import originals
from voicectl_daemon.parts import House, Parts
from voicectl_recipes import load
from voicectl_recipes.faults import faults

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
    """Return a recipe, checked whole: its models are there, nothing leaves that must not.

    Raises `UnknownName`, `RecipeError`, `UsageError`, `ModelMissing`, `LeavesPremises`.
    """
    plan, wrong = _looked_at(house, wish, _recipe(house, wish))
    if not wrong:
        return plan
    first, more = wrong[0], len(wrong) - 1
    if more:
        also = f"{more} more {'fault' if more == 1 else 'faults'}: voicectl recipes check"
        first.hint = f"{first.hint}; {also}" if first.hint else also
    raise first


def _looked_at(
    house: Parts, wish: RecipeWish, found: load.Recipe
) -> tuple[load.Plan, list[VoicectlError]]:
    """Return a recipe, and everything that is wrong with it."""
    options = house.words.beside(wish.options, found)
    options = originals.beside(options, found, house.redaction.recipients)
    plan, wrong = load.looked_at(found, options, house.shelf.beside)
    wrong += [] if wrong else faults(plan)  # what a step would have found is not known
    return plan, wrong + originals.faults(plan) + house.planner.faults(plan)


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
        wrong = _looked_at(house, wish, found)[1]
    except VoicectlError as error:
        wrong = [error]
    problems = tuple(Problem(error.code, error.text, error.hint) for error in wrong)
    first = problems[0] if problems else None
    return RecipeLine(wish.recipe, title, steps, own, first, problems[1:])
