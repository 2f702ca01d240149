"""Where a record goes on whose steps were broken off, and how it goes back to one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import MISSING, fields, replace

from voicectl import registry
from voicectl.errors import UsageError
from voicectl.types import CallRecord, Done
from voicectl_recipes.dependence import stages, touches
from voicectl_recipes.load import CheckedStep, Plan

_EMPTY = {field.name: field.default for field in fields(CallRecord) if field.default is not MISSING}
"""What a record has before the first step."""


def begun(plan: Plan, record: CallRecord, marks: Sequence[str] | None = None) -> CallRecord:
    """Return a record that was kept as one to go on with: with those steps that can stay.

    See `taken`; what other steps have found is emptied.
    """
    stay = taken(plan, record.done, marks)
    found = _fills(step for step in plan if step.stage.name in stay)
    done = tuple(step for step in record.done if step.stage in stay)
    return replace(_without(record, _EMPTY.keys() - found - {"done"}), done=done)


def taken(plan: Plan, done: Sequence[Done], marks: Sequence[str] | None = None) -> set[str]:
    """Return which steps of a plan can be taken over from a record with these.

    With `marks`, of the steps of the plan, only those that were asked for alike and
    built on the same; without them the record is of this very plan. Not those whose
    findings other steps have changed, nor those that ran before a step that has still
    to be taken and would change what they read: what is masked is never taken for
    words as they were said.
    """
    names = stages(plan)
    wanted = dict(zip(names, marks, strict=True)) if marks else None
    stay = {
        step.stage
        for step in done
        if step.stage in names and (wanted is None or wanted[step.stage] == step.recipe_hash)
    }
    while gone := {name for name in stay if not _stays(plan, names.index(name), done, stay)}:
        stay -= gone
    return stay


def _stays(plan: Plan, number: int, done: Sequence[Done], stay: Collection[str]) -> bool:
    step = plan[number]
    changers = [each.stage for each in done if _filled_by(plan, each.stage) & step.stage.fills]
    return set(changers) <= set(stay) and all(
        earlier.stage.name in stay or not touches(step, earlier) for earlier in plan[:number]
    )


def _filled_by(plan: Plan, stage: str) -> frozenset[str]:
    """Return what a stage fills; one that is not installed any more may have filled anything."""
    for step in plan:
        if step.stage.name == stage:
            return step.stage.fills
    if stage not in registry.names(registry.STAGES):
        return frozenset(_EMPTY)
    fills: frozenset[str] = registry.load(registry.STAGES, stage).fills
    return fills


def back_to(plan: Plan, record: CallRecord, stage: str) -> CallRecord:
    """Return a record as it was before a step of its plan, when that or a later was taken already.

    A transcript that is to be made anew can be read until then. Raises `UsageError`
    when a step since then changed what an earlier one had made, or for an unknown stage.
    """
    number = place(plan, stage)
    done = {step.stage for step in record.done}
    again = [step for step in plan[number:] if step.stage.name in done]
    before = [step for step in plan[:number] if step.stage.name in done]
    gone = _fills(again)
    if gone & _fills(before):
        raise _no_way_back(plan, number, again)
    kept = tuple(each for each in record.done if each.stage in {b.stage.name for b in before})
    return replace(_without(record, gone - {"transcript"}), done=kept)


def came_to(plan: Plan, record: CallRecord, stage: str) -> bool:
    """True when that step or a later one was taken."""
    later = stages(plan)[place(plan, stage) :]
    return any(step.stage in later for step in record.done)


def place(plan: Plan, stage: str) -> int:
    """Return which step of a plan a stage is, from 0. Raises `UsageError`."""
    names = stages(plan)
    if stage not in names:
        hint = f"its steps are: {', '.join(names)}"
        raise UsageError(f"the recipe has no step '{stage}'", hint=hint)
    return names.index(stage)


def blank(record: CallRecord) -> CallRecord:
    """Return a record as it was before the first step."""
    return _without(record, _EMPTY)


def _no_way_back(plan: Plan, number: int, again: Sequence[CheckedStep]) -> UsageError:
    made = _fills(plan[:number])
    changer = next(step.stage.name for step in reversed(again) if step.stage.fills & made)
    open_ = (n for n in range(number, -1, -1) if not _fills(plan[n:]) & _fills(plan[:n]))
    first = plan[next(open_)].stage.name
    return UsageError(
        f"one cannot go back to '{plan[number].stage.name}': '{changer}' has changed "
        "what the steps before it had made, and that is not kept",
        hint=f"begin again at '{first}': voicectl jobs retry JOB --from {first}; "
        "or one recording: voicectl run RECIPE FILE --force",
    )


def _fills(steps: Iterable[CheckedStep]) -> frozenset[str]:
    return frozenset[str]().union(*(step.stage.fills for step in steps))


def _without(record: CallRecord, names: Iterable[str]) -> CallRecord:
    empty = {name: _EMPTY[name] for name in names}
    return replace(record, **empty)
