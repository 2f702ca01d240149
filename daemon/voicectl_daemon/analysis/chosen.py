"""Which steps read calls in progress: those of the site's recipe that need only text."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from voicectl.config import Config
from voicectl_daemon import leaving
from voicectl_daemon.analysis import reading
from voicectl_recipes import load
from voicectl_recipes.load import CheckedStep, Plan, Shelf

Taught: TypeAlias = Callable[[bytes], bytes]
"""Puts into a checked recipe what there is to learn from people."""


class Chosen:
    """Reads the recipe anew for every call: a site may change it, and what it learns from."""

    def __init__(self, settings: Config, taught: Taught) -> None:
        self._name = settings.live.recipe or settings.live.post_call
        self._shelf = Shelf.of(settings.recipes)
        self._premises = settings.premises
        self._taught = taught

    def changed(self, settings: Config) -> Chosen:
        """Return one that keeps to another config."""
        return Chosen(settings, self._taught)

    def steps(self) -> Plan:
        """Return the steps. Raises `VoicectlError` for a recipe that cannot be used."""
        if not self._name:
            return ()
        recipe = self._shelf.find(self._name)
        plan = reading.steps(load.check(recipe, folders=self._shelf.beside))
        leaving.check(plan, self._premises)
        return load.from_wire(self._taught(load.to_wire(plan)))


def urgent(plan: Plan) -> Plan:
    """Return the steps that find urgent words, and nothing else: they take no time."""
    return tuple(step for step in plan if step.stage.fills == {"risks"})


def hears(step: CheckedStep) -> bool:
    """True for a step that reads the recording where text is not enough."""
    return "audio" in step.stage.reads


def of_text(plan: Plan) -> Plan:
    """Return the steps without those that hear."""
    return tuple(step for step in plan if not hears(step))
