"""Every stage that is installed keeps its promises."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from voicectl import registry, sealing
from voicectl.errors import RecipeError, UsageError
from voicectl.interfaces import Stage, Tools
from voicectl.types import Audio, CallRecord
from voicectl_recipes import engine, load
from voicectl_recipes.load import Plan, Recipe, Step

FIRST = ("transcribe",)
"""Stages that need no words."""


def plan(name: str, **options: object) -> Plan:
    return load.check(Recipe("one step", (Step(name, options),)))


@pytest.fixture(params=registry.names(registry.STAGES))
def stage(request: pytest.FixtureRequest) -> Stage:
    made: Stage = registry.load(registry.STAGES, request.param)()
    return made


def test_it_is_called_what_it_is_registered_as(stage: Stage) -> None:
    (step,) = plan(stage.name)
    assert type(step.stage) is type(stage)
    assert inspect.getdoc(type(stage))


def test_options_are_frozen_strict_and_have_defaults(stage: Stage) -> None:
    config = stage.options.__struct_config__
    assert config.frozen
    assert config.forbid_unknown_fields
    hash(stage.options())
    with pytest.raises(RecipeError, match="xyzzy"):
        plan(stage.name, xyzzy=1)


def test_only_options_that_exist_are_idle(stage: Stage) -> None:
    assert stage.idle_options <= set(stage.options.__struct_fields__)
    for idle in stage.idle_options:
        changed = another(getattr(stage.options(), idle))
        assert engine.recipe_hash(plan(stage.name, **{idle: changed})) == engine.recipe_hash(
            plan(stage.name)
        )


def another(default: Any) -> Any:
    """A number more, a public key more, or a struct with another text in it."""
    if isinstance(default, tuple):
        return [*default, sealing.new_identity()[1]]
    if isinstance(default, int | float):
        return default + 1
    texts = [name for name in default.__struct_fields__ if isinstance(getattr(default, name), str)]
    return {texts[0]: "another"}


def test_it_says_what_it_fills(stage: Stage) -> None:
    assert stage.fills
    assert stage.fills <= {field.name for field in fields(CallRecord)}


def test_it_says_what_it_reads(stage: Stage) -> None:
    assert stage.reads <= {field.name for field in fields(CallRecord)}
    assert ("audio" if stage.name in FIRST else "transcript") in stage.reads


def test_what_it_wishes_for_is_known_before_anything_runs(stage: Stage) -> None:
    (step,) = plan(stage.name)
    for wish in stage.wishes(step.options):
        assert wish.task
        assert wish.task == "asr" or wish.backend


def test_a_plan_of_it_survives_the_wire(stage: Stage) -> None:
    made = plan(stage.name)
    again = load.from_wire(load.to_wire(made))
    assert again[0].options == made[0].options
    assert engine.recipe_hash(again) == engine.recipe_hash(made)
    assert msgspec.to_builtins(again[0].options) == msgspec.to_builtins(made[0].options)


def test_without_words_it_says_which_step_comes_before(stage: Stage, tools: Tools) -> None:
    if stage.name in FIRST:
        pytest.skip("it is the one that writes the words down")
    audio = Audio("/nowhere.wav", "nowhere.wav", 1.0, 8000, 1, "pcm", "")
    blank = CallRecord("call", "default", audio, datetime.now(UTC))
    (step,) = plan(stage.name)
    with pytest.raises(UsageError, match=f"the step {stage.name} comes after"):
        list(stage.run([blank], step.options, tools))


def test_no_records_are_no_outcomes(stage: Stage, tools: Tools) -> None:
    (step,) = plan(stage.name)
    assert list(stage.run([], step.options, tools)) == []
