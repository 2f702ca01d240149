"""Which steps of a recipe build on which: by the fields of a record that they read and fill."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence

import msgspec

from voicectl_recipes.load import CheckedStep, Plan

RECORDING = "audio"
"""The field that is there before the first step."""


def stages(plan: Plan) -> list[str]:
    """Return the names of the steps, in order."""
    return [step.stage.name for step in plan]


def needs(plan: Plan, number: int) -> Iterator[str]:
    """Yield the earlier steps without which a step cannot be taken: they fill what it reads."""
    reads = plan[number].stage.reads
    return (step.stage.name for step in plan[:number] if step.stage.fills & reads)


def possible(plan: Plan, done: Collection[str], lost: Collection[str] = ()) -> list[str]:
    """Return the steps that can be taken now or later, in order.

    Not those that are `done` or `lost`, nor what needs one that is lost.
    """
    found: list[str] = []
    for number, step in enumerate(plan):
        name = step.stage.name
        there = all(each in done or each in found for each in needs(plan, number))
        if there and name not in done and name not in lost:
            found.append(name)
    return found


def touches(later: CheckedStep, earlier: CheckedStep) -> bool:
    """True when a step would come out differently, or change another, were it taken before it."""
    one, other = later.stage, earlier.stage
    return bool(other.fills & (one.reads | one.fills) or one.fills & other.reads)


def telling(step: CheckedStep) -> dict[str, object]:
    """Return the stage and every option that can change its result, as JSON can say them."""
    options = msgspec.to_builtins(step.options)
    told = {name: value for name, value in options.items() if name not in step.stage.idle_options}
    return {"stage": step.stage.name, "options": told}


def marks(
    plan: Plan, weights: Sequence[Sequence[str]], parties: Sequence[object] = ()
) -> tuple[str, ...]:
    """Return a digest for each step: what is asked of it, its weights, and all that it builds on.

    Equal marks give equal results in the same recording. `weights` are SHA-256 by step;
    `parties` what is known of a recording before anybody listens.
    """
    found: list[str] = []
    for number, step in enumerate(plan):
        before = [mark for mark, each in zip(found, plan, strict=False) if touches(step, each)]
        known = list(parties) if RECORDING in step.stage.reads and any(parties) else []
        told = [telling(step), sorted(weights[number]), before, known]
        found.append(hashlib.sha256(msgspec.json.encode(told, order="sorted")).hexdigest())
    return tuple(found)
