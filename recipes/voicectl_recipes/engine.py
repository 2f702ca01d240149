"""Runs a checked recipe over a call and stamps who did what."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from voicectl.interfaces import Tools, Wish
from voicectl.types import CallRecord, Done
from voicectl_recipes.load import Plan


def recipe_hash(plan: Plan) -> str:
    """Return a digest of every option that can change the result of a plan."""
    telling = [
        {
            "stage": step.stage.name,
            "options": {
                name: value
                for name, value in msgspec.to_builtins(step.options).items()
                if name not in step.stage.idle_options
            },
        }
        for step in plan
    ]
    return hashlib.sha256(msgspec.json.encode(telling, order="sorted")).hexdigest()


def weights(plan: Plan, resolve: Callable[[Wish], Sequence[str]]) -> list[str]:
    """Return the SHA-256 of all weights that a plan may use, sorted.

    `resolve` raises `ModelMissing` when a step wishes for what is not there.
    """
    wishes = [wish for step in plan for wish in step.stage.wishes(step.options)]
    return sorted({digest for wish in wishes for digest in resolve(wish)})


def result_key(tenant: str, sha256: str, plan_hash: str, weights_used: Sequence[str]) -> str:
    """Return the key under which the result for one recording is kept.

    Equal keys give equal results: same tenant, content, weights and options.
    """
    telling = msgspec.json.encode([tenant, sha256, plan_hash, list(weights_used)])
    return hashlib.sha256(telling).hexdigest()


def run(plan: Plan, record: CallRecord, tools: Tools) -> CallRecord:
    """Return the record after every step, each stamped with what did it and how long it took."""
    digest = recipe_hash(plan)
    for step in plan:
        began = time.monotonic()
        record, runner, model = step.stage.run(record, step.options, tools)
        done = Done(
            stage=step.stage.name,
            runner=runner,
            model=model,
            at=datetime.now(UTC),
            seconds=round(time.monotonic() - began, 3),
            recipe_hash=digest,
        )
        record = replace(record, done=(*record.done, done))
    return record
