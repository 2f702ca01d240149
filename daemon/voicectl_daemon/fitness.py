"""What keeps recipes from being used here, found before any work and without a daemon."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from voicectl.config import Config, Premises, Schedule
from voicectl.errors import RecipeError, VoicectlError
from voicectl.handwritten import content
from voicectl.interfaces import Wish
from voicectl_daemon import leaving, originals
from voicectl_daemon.words import SiteWords
from voicectl_models import pool
from voicectl_recipes import engine, load
from voicectl_recipes.faults import faults


def of_plan(plan: load.Plan, premises: Premises, models: Path) -> list[VoicectlError]:
    """Return models that are missing and runners that the site did not allow; each once."""

    def digests(wish: Wish) -> list[str]:
        return [found.sha256 for found in pool.candidates(wish, models)]

    found = dict[str, VoicectlError]()
    looks: list[Callable[[], object]] = [
        partial(leaving.check, plan, premises),
        *(partial(engine.weights, (step,), digests) for step in plan),
    ]
    for look in looks:
        try:
            look()
        except VoicectlError as error:
            found.setdefault(error.text, error)
    return list(found.values())


def of_schedules(settings: Config, models: Path) -> Iterator[tuple[Schedule, VoicectlError]]:
    """Yield every schedule whose recipe cannot be used, and the first reason."""
    for schedule in settings.schedule:
        try:
            wrong = _of_schedule(schedule, settings, models)
        except VoicectlError as error:
            wrong = [error]
        if wrong:
            yield schedule, wrong[0]


def _of_schedule(schedule: Schedule, settings: Config, models: Path) -> list[VoicectlError]:
    shelf = load.Shelf.of(settings.recipes)
    recipe = _recipe(schedule.recipe, shelf)
    options = SiteWords(settings.vocabulary).beside(None, recipe)
    options = originals.beside(options, recipe, settings.redaction.recipients)
    plan, wrong = load.looked_at(recipe, options, shelf.beside)
    wrong += [] if wrong else faults(plan)  # what a step would have found is not known
    return wrong + originals.faults(plan) + of_plan(plan, settings.premises, models)


def _recipe(name: str, shelf: load.Shelf) -> load.Recipe:
    if not name.endswith(load.ENDING):
        return shelf.find(name)
    try:
        return load.read(content(Path(name), load.LARGEST), name)
    except OSError as error:
        raise RecipeError(
            f"the recipe '{name}' cannot be read: {error.strerror}",
            hint="those that have a name are listed by: voicectl recipes list",
        ) from error
