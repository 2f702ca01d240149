"""Nothing leaves that the site did not allow, and nothing that was not masked: seen before work."""

from __future__ import annotations

from voicectl.config import Premises
from voicectl.errors import RecipeError
from voicectl_models import premises
from voicectl_recipes.load import Plan

MASKS = "entities"
"""The step that finds what is masked before anything leaves."""


def check(plan: Plan, allowed: Premises) -> None:
    """Look at every runner of a plan.

    Raises `LeavesPremises` for one that the site did not allow, `UsageError` when its key is
    missing, and `RecipeError` when nobody would have looked for names before it.
    """
    looked_for = False
    for step in plan:
        looked_for = looked_for or step.stage.name == MASKS
        for wish in step.stage.wishes(step.options):
            if wish.task != "write" or premises.admitted(wish, allowed) is None:
                continue
            if not looked_for:
                raise RecipeError(
                    f"step '{step.stage.name}': only masked words leave for '{wish.backend}', "
                    "and nobody looks for names before it",
                    hint=f"put a step '{MASKS}' before it",
                )
