"""What is wrong with the order of steps whose options are right: seen before anything runs."""

from __future__ import annotations

from collections.abc import Iterator

from voicectl import registry
from voicectl.errors import RecipeError, VoicectlError
from voicectl_recipes.dependence import RECORDING, stages
from voicectl_recipes.load import REDACT, Plan
from voicectl_recipes.stages.redact import FIRST
from voicectl_recipes.stages.translate import Translate, TranslateStepOptions, sends

WELCOME = frozenset({"translation", "translated_entities", "risks"})
"""Fields that are read where they are there, and that no step needs."""


def faults(plan: Plan) -> list[VoicectlError]:
    """Return one error for each fault, in the order of the steps."""
    return [fault for number in range(len(plan)) for look in LOOKS for fault in look(plan, number)]


def _twice(plan: Plan, number: int) -> Iterator[RecipeError]:
    name = plan[number].stage.name
    if name in stages(plan[:number]):
        yield RecipeError(
            f"the step '{name}' comes twice",
            hint="the second replaces what the first found: leave one of them away",
        )


def _unfed(plan: Plan, number: int) -> Iterator[RecipeError]:
    stage = plan[number].stage
    there = frozenset[str]().union(*(step.stage.fills for step in plan[:number]))
    for field in sorted(stage.reads - there - WELCOME - {RECORDING}):
        yield RecipeError(
            f"the step '{stage.name}' needs '{field}', which no step before it finds",
            hint=f"put before it: {' or '.join(_finders(field)) or 'a stage that finds it'}",
        )


def _finders(field: str) -> list[str]:
    """Return the stages that are installed and make a field from others."""
    found = []
    for name in registry.names(registry.STAGES):
        try:
            stage = registry.load(registry.STAGES, name)
        except VoicectlError:
            continue
        if field in stage.fills and field not in stage.reads:
            found.append(name)
    return [name for name in found if name != REDACT]


def _changes_what_was_read(plan: Plan, number: int) -> Iterator[RecipeError]:
    """A step that makes new segments leaves what points to the old ones in the air."""
    stage = plan[number].stage
    changed = stage.fills & stage.reads
    if stage.name == REDACT:
        return  # whatever points to segments is moved with them
    readers = [step.stage for step in plan[:number] if step.stage.reads & changed]
    if others := [each.name for each in readers if not each.fills & changed]:
        yield RecipeError(
            f"the step '{stage.name}' changes what '{others[0]}' has read",
            hint=f"put '{stage.name}' before '{others[0]}'",
        )


def _hears_what_is_masked(plan: Plan, number: int) -> Iterator[RecipeError]:
    stage = plan[number].stage
    if RECORDING in stage.reads and REDACT in stages(plan[:number]):
        yield RecipeError(
            f"the step '{stage.name}' would hear what '{REDACT}' has masked",
            hint=f"put '{stage.name}' before '{REDACT}'",
        )


def _translates_too_late(plan: Plan, number: int) -> Iterator[RecipeError]:
    """What is translated after names were looked for is searched less well.

    Only who sends text away has to come then.
    """
    step, before = plan[number], stages(plan[:number])
    if step.stage.name != Translate.name or FIRST not in before:
        return
    masks = REDACT in stages(plan[number:])
    if masks and isinstance(step.options, TranslateStepOptions) and not _sends(step.options):
        yield RecipeError(
            f"before '{REDACT}', '{FIRST}' does not look for names in the translation",
            hint=f"put '{Translate.name}' before '{FIRST}'",
        )


def _sends(options: TranslateStepOptions) -> bool:
    """Tell whether text leaves; one that is not installed is told of elsewhere."""
    try:
        return sends(options)
    except VoicectlError:
        return True


LOOKS = (
    _twice,
    _unfed,
    _changes_what_was_read,
    _hears_what_is_masked,
    _translates_too_late,
)
