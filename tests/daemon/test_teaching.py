"""What people correct is learned by calls that are sorted later, and changes no other."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.daemon.conftest import ENGLISH, TENANT, Desk, record, states
from voicectl.feedback import FeedbackWish
from voicectl_daemon import remarks, teaching
from voicectl_daemon.meanings import Meanings
from voicectl_recipes import engine, load
from voicectl_recipes.scheme import ClassifyOptions, Lessons

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicectl_daemon.store import Store

STEPS = load.to_wire(
    load.check(load.read(b'title = "t"\n[[steps]]\nstage = "classify"\n', "t"), {}, ())
)


@pytest.fixture
def models(weights: Path) -> Path:
    if not (weights / "minilm").is_dir():
        pytest.skip(f"the weights minilm are not in {weights}: ./install.sh test fetches them")
    return weights


@pytest.fixture
def corrected(store: Store, models: Path) -> Store:
    """Three calls, two of them corrected."""
    for name in ("one", "two", "three"):
        made = record(name, f"the {name} child works in the fields")
        store.save(replace(made, labels=()), f"key {name}")
    for name, wish in (
        ("one", FeedbackWish(labels=("neglect",), scheme="child-helpline")),
        ("two", FeedbackWish(labels=("child_labour",), not_labels=("neglect",))),
        ("one", FeedbackWish(not_labels=("neglect",), scheme="child-helpline")),
    ):
        remarks.give(store, store.call(name), "anna", wish, ())
    meanings = Meanings(store, models)
    meanings.index(TENANT, 30)
    meanings.stop()
    return store


def lessons(store: Store, models: Path) -> Lessons:
    (step,) = load.from_wire(teaching.taught(store, models, TENANT, STEPS))
    assert isinstance(step.options, ClassifyOptions)
    return step.options.lessons


def test_the_last_word_of_each_call_is_what_is_learned(corrected: Store, models: Path) -> None:
    found = lessons(corrected, models)
    assert sorted((each.about, each.not_about) for each in found.calls) == [
        ((), ("neglect",)),
        (("child_labour",), ("neglect",)),
    ]
    assert {len(each.centre) for each in found.calls} == {4 * 384}
    assert lessons(corrected, models).digest == found.digest


def test_what_was_asked_for_stays_what_it_was(corrected: Store, models: Path) -> None:
    after = load.from_wire(teaching.taught(corrected, models, TENANT, STEPS))
    assert engine.recipe_hash(after) == engine.recipe_hash(load.from_wire(STEPS))


def test_a_deleted_call_teaches_nothing(corrected: Store, models: Path) -> None:
    before = lessons(corrected, models)
    corrected.delete("one")
    after = lessons(corrected, models)
    assert [each.about for each in after.calls] == [("child_labour",)]
    assert after.digest != before.digest


def test_nothing_to_learn_changes_nothing(store: Store, models: Path) -> None:
    assert lessons(store, models) == Lessons()


def test_whoever_does_not_want_to_learn_need_not(corrected: Store, models: Path) -> None:
    options: dict[str, dict[str, Any]] = {"classify": {"learn": False}}
    recipe = load.read(b'title = "t"\n[[steps]]\nstage = "classify"\n', "t")
    steps = load.to_wire(load.check(recipe, options, ()))
    assert teaching.taught(corrected, models, TENANT, steps) == steps


RECIPE = """
title = "sorted"
[[steps]]
stage = "transcribe"
[[steps]]
stage = "classify"
"""


def test_a_call_is_sorted_anew_only_when_that_is_asked_for(
    desk: Desk, models: Path, make_call: Callable[..., Path]
) -> None:
    path = make_call("one", 0.0, 12.0)
    asked = {"recipe": "sorted", "written": RECIPE, "options": ENGLISH}
    (task,) = desk.do(path, **asked)
    assert task.call is not None
    wish = FeedbackWish(labels=("health",), scheme="child-helpline")
    (given,) = desk.door.give_feedback(task.call, wish)
    assert given.scheme == "child helpline"
    (again,) = desk.do(path, **asked)
    assert (again.state, again.skipped) == ("done", True)
    job = desk.door.retry(task.job, "classify")
    assert states(desk.wait(job)) == ["done"]
    sort = desk.door.call(task.call).done[-1]
    assert sort.stage == "classify"
    assert sort.model.startswith("minilm + 1 corrected (")
