"""Recipes are read strictly and checked whole before anything runs."""

from __future__ import annotations

import pytest

from voicectl.errors import RecipeError, UnknownName
from voicectl_recipes import engine, load

GOOD = b'title = "x"\n[[steps]]\nstage = "transcribe"\n'


def test_the_shipped_recipe_is_right() -> None:
    plan = load.check(load.Shelf(None).find("transcribe"))
    assert [step.stage.name for step in plan] == ["transcribe"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"title = 3\n", "title"),
        (b'title = "x"\nsteps = []\n', "no steps"),
        (GOOD + b'modle = "base"\n', "modle"),
        (b"\xff\xfe", "cannot be read"),
        (b"x" * 300_000, "larger than"),
        (b'title = "x"\nsteps = ' + b"[" * 5000, "cannot be read"),
        (b"title = ", "cannot be read"),
    ],
)
def test_what_is_wrong_is_named(text: bytes, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        load.read(text, "mine")


def test_a_stage_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="transcrib") as told:
        load.check(load.read(GOOD.replace(b"transcribe", b"transcrib"), "mine"))
    assert "did you mean 'transcribe'" in told.value.hint


def test_an_option_that_does_not_exist_is_told() -> None:
    with pytest.raises(RecipeError, match="beam_sise") as told:
        load.check(load.Shelf(None).find("transcribe"), {"transcribe": {"beam_sise": 3}})
    assert "beam_size" in told.value.hint


def test_an_option_for_a_step_that_is_not_there() -> None:
    with pytest.raises(RecipeError, match="summarize"):
        load.check(load.Shelf(None).find("transcribe"), {"summarize": {}})


def test_a_recipe_that_does_not_exist() -> None:
    with pytest.raises(UnknownName, match="transcript"):
        load.Shelf(None).find("transcript")


def test_a_plan_survives_the_wire() -> None:
    plan = load.check(load.Shelf(None).find("transcribe"), {"transcribe": {"beam_size": 2}})
    again = load.from_wire(load.to_wire(plan))
    assert engine.recipe_hash(again) == engine.recipe_hash(plan)
    assert again[0].options == plan[0].options


def digest(**options: object) -> str:
    return engine.recipe_hash(
        load.check(load.Shelf(None).find("transcribe"), {"transcribe": options})
    )


@pytest.mark.parametrize(
    "options",
    [{"beam_size": 2}, {"language": "sw"}, {"channel_names": ["a", "b"]}, {"vad_filter": False}],
    ids=str,
)
def test_options_that_change_the_result_change_the_hash(options: dict[str, object]) -> None:
    assert digest(**options) != digest()


@pytest.mark.parametrize("options", [{"threads": 7}, {"batch_size": 3}], ids=str)
def test_options_that_change_only_speed_do_not(options: dict[str, object]) -> None:
    assert digest(**options) == digest()


def test_equal_keys_need_equal_tenant_content_recipe_and_weights() -> None:
    first = engine.result_key("t", "sha", "hash", ["w"])
    assert engine.result_key("t", "sha", "hash", ["w"]) == first
    others = [("u", "sha", "hash", ["w"]), ("t", "shb", "hash", ["w"])]
    others += [("t", "sha", "hush", ["w"]), ("t", "sha", "hash", ["w", "v"])]
    assert all(engine.result_key(*other) != first for other in others)


def test_parties_that_are_known_change_the_key_and_unknown_ones_do_not() -> None:
    first = engine.result_key("t", "sha", "hash", ["w"])
    assert engine.result_key("t", "sha", "hash", ["w"], (None, None, None, ())) == first
    assert engine.result_key("t", "sha", "hash", ["w"], (None, None, None, ("a", "b"))) != first
