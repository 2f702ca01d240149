"""Recipes are read strictly and checked whole before anything runs."""

from __future__ import annotations

import re
from importlib.util import find_spec

import pytest

from voicectl.errors import RecipeError, UnknownName
from voicectl_recipes import engine, load
from voicectl_recipes.faults import faults

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
        (GOOD + b'time_limit = "soon"\n', "time_limit cannot be `soon`"),
        (GOOD + b"time_limit = 0\n", "time_limit"),
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
    assert told.value.hint.startswith("did you mean 'beam_size'? it understands: ")


def test_a_key_that_does_not_exist_is_told_with_the_nearest() -> None:
    with pytest.raises(RecipeError, match="time_limt") as told:
        load.read(GOOD + b"time_limt = 3\n", "mine")
    assert told.value.hint == "did you mean 'time_limit'?"


def test_a_limit_is_no_option_and_travels() -> None:
    limited = load.check(load.read(GOOD + b'time_limit = "1m30s"\n', "mine"))
    assert limited[0].seconds == load.from_wire(load.to_wire(limited))[0].seconds == 90
    assert engine.recipe_hash(limited) == engine.recipe_hash(load.check(load.read(GOOD, "mine")))


def order_of(*names: str) -> list[str]:
    plan = load.check(load.Recipe("x", tuple(map(load.Step, names))))
    return [f"{fault.text}; {fault.hint}" for fault in faults(plan)]


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ("transcribe diarize entities risk redact", []),
        ("classify transcribe", ["'classify' needs 'transcript', .* put before it: transcribe$"]),
        ("transcribe redact", ["'redact' needs 'entities', .* put before it: entities$"]),
        ("transcribe score score", ["'score' comes twice"]),
        ("transcribe risk diarize", ["'diarize' changes what 'risk' has read"]),
        ("transcribe entities redact translate", ["'translate' would hear what 'redact'"]),
        ("transcribe entities translate redact", ["in the translation; put .* before 'entities'$"]),
        ("transcribe translate entities summarize redact", []),
        ("risk risk", ["'risk' needs", "'risk' comes twice", "'risk' needs"]),
    ],
)
def test_an_order_in_which_steps_come_to_nothing(names: str, wrong: list[str]) -> None:
    found = order_of(*names.split())
    assert len(found) == len(wrong), found
    for text, expected in zip(found, wrong, strict=True):
        assert re.search(expected, text), text


@pytest.mark.parametrize(
    ("backend", "late"),
    [
        ("auto", True),
        ("llamacpp:/m.gguf", True),
        ("anthropic:claude", False),
        (["llamacpp:/m.gguf", "anthropic:claude", "auto"], False),
    ],
)
def test_only_who_sends_text_away_translates_after_names_were_found(
    backend: object, late: bool
) -> None:
    # Not `importorskip`: once imported it keeps files open, and complains after pytest's last line.
    if late and "llamacpp" in str(backend) and find_spec("llama_cpp") is None:
        pytest.skip("needs the extra llm")
    names = ("transcribe", "entities", "translate", "redact")
    plan = load.check(
        load.Recipe("x", tuple(map(load.Step, names))), {"translate": {"backend": backend}}
    )
    assert [fault.hint for fault in faults(plan)] == (
        ["put 'translate' before 'entities'"] if late else []
    )


@pytest.mark.parametrize("name", load.Shelf(None).names())
def test_what_is_shipped_has_no_fault(name: str) -> None:
    assert faults(load.check(load.Shelf(None).find(name))) == []


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
