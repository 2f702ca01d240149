"""Where a record goes on whose steps were broken off, and how it goes back to one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, fields, replace

from voicectl.errors import UsageError
from voicectl.types import CallRecord
from voicectl_recipes.load import CheckedStep, Plan

_EMPTY = {field.name: field.default for field in fields(CallRecord) if field.default is not MISSING}
"""What a record has before the first step."""


def begun(plan: Plan, record: CallRecord) -> CallRecord:
    """Return a record that was kept after some steps of a plan as one to go on with.

    It is empty when these are not the steps with which the plan begins.
    """
    taken = [step.stage for step in record.done]
    if taken and taken == stages(plan)[: len(taken)]:
        return record
    return _without(record, _EMPTY)


def back_to(plan: Plan, record: CallRecord, stage: str) -> CallRecord:
    """Return a record as it was before a step of its plan, when that was taken already.

    A transcript that is to be made anew can be read until then. Raises `UsageError`
    when a step since then changed what an earlier one had made, or for an unknown stage.
    """
    number = place(plan, stage)
    if number >= len(record.done):
        return record
    taken = plan[number : len(record.done)]
    gone = _fills(taken)
    if gone & _fills(plan[:number]):
        raise _no_way_back(plan, number, taken)
    return replace(_without(record, gone - {"transcript"}), done=record.done[:number])


def place(plan: Plan, stage: str) -> int:
    """Return which step of a plan a stage is, from 0. Raises `UsageError`."""
    names = stages(plan)
    if stage not in names:
        hint = f"its steps are: {', '.join(names)}"
        raise UsageError(f"the recipe has no step '{stage}'", hint=hint)
    return names.index(stage)


def stages(plan: Plan) -> list[str]:
    """Return the names of the steps, in order."""
    return [step.stage.name for step in plan]


def _no_way_back(plan: Plan, number: int, taken: Plan) -> UsageError:
    before = _fills(plan[:number])
    changer = next(step.stage.name for step in reversed(taken) if step.stage.fills & before)
    open_ = (n for n in range(number, -1, -1) if not _fills(plan[n:]) & _fills(plan[:n]))
    return UsageError(
        f"one cannot go back to '{plan[number].stage.name}': '{changer}' has changed "
        "what the steps before it had made, and that is not kept",
        hint=f"begin again at '{plan[next(open_)].stage.name}'; to go on where each recording "
        "stopped leave --from away",
    )


def _fills(steps: Iterable[CheckedStep]) -> frozenset[str]:
    return frozenset[str]().union(*(step.stage.fills for step in steps))


def _without(record: CallRecord, names: Iterable[str]) -> CallRecord:
    empty = {name: _EMPTY[name] for name in names}
    return replace(record, **empty)
