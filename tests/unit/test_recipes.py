"""What makes two results equal: content, tenant, weights, and every option that tells."""

from typing import Any

import pytest

from voicectl.interfaces import TranscribeOptions, Wish
from voicectl_recipes import engine, load


def hash_of(**options: Any) -> str:
    return engine.recipe_hash(
        load.check(load.Shelf(None).find("transcribe"), {"transcribe": options})
    )


@pytest.mark.parametrize("idle", [{"threads": 3}, {"batch_size": 2}, {"device_index": 1}])
def test_options_that_only_change_the_speed_change_no_result(idle: dict[str, Any]) -> None:
    assert hash_of(**idle) == hash_of()


@pytest.mark.parametrize(
    "telling",
    [
        {"language": "en"},
        {"task": "translate"},
        {"channels": "mix"},
        {"channel_names": ["agent", "caller"]},
        {"beam_size": 1},
        {"temperature": [0.0]},
        {"vad_filter": False},
        {"initial_prompt": "x"},
    ],
)
def test_every_other_option_changes_it(telling: dict[str, Any]) -> None:
    assert hash_of(**telling) != hash_of()


def test_what_is_said_and_what_is_meant_are_the_same() -> None:
    assert hash_of(beam_size=TranscribeOptions().beam_size) == hash_of()


def test_the_key_of_a_result() -> None:
    key = engine.result_key("default", "sha", "hash", ["a", "b"])
    assert key == engine.result_key("default", "sha", "hash", ["a", "b"])
    others = [
        engine.result_key("other", "sha", "hash", ["a", "b"]),
        engine.result_key("default", "other", "hash", ["a", "b"]),
        engine.result_key("default", "sha", "other", ["a", "b"]),
        engine.result_key("default", "sha", "hash", ["a"]),
        engine.result_key("defaultsha", "", "hash", ["a", "b"]),
    ]
    assert len({key, *others}) == 6


def test_the_weights_of_a_plan() -> None:
    plan = load.check(load.Shelf(None).find("transcribe"), {"transcribe": {"language": "sw"}})
    asked: list[Wish] = []

    def resolve(wish: Wish) -> list[str]:
        asked.append(wish)
        return ["b", "a", "b"]

    assert engine.weights(plan, resolve) == ["a", "b"]
    assert asked[0].language == "sw"
    assert asked[0].model == "auto"
