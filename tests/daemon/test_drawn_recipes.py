"""Recipes that nobody wrote, under fire between their steps: what was found once is kept."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.daemon.stumbling import Recipes, spoil, taken
from tests.daemon.test_kill import is_finished, shoot
from voicectl.errors import DaemonUnreachable, NotFound
from voicectl.results import RecipeWish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from voicectl.types import Task

RECIPES = int(os.environ.get("VOICECTL_RECIPES", "2"))
"""For more: python -m tests.soak recipes --count 50"""
SEED = int(os.environ.get("VOICECTL_SEED") or time.time_ns() % 1_000_000)
STAGES = (
    *("entities", "risk", "classify", "score", "summarize", "redact", "translate", "diarize"),
    *("stumble", "stumble_names"),
)
STUMBLES = ("fail", "raise", "kill", "exit")
HEAR = """
[[steps]]
stage = "transcribe"
options = {language = "en", temperature = [0.0]}
"""
KILLS = 3
"""Shots under one recipe."""


def draw(recipes: Recipes, dice: random.Random) -> list[str]:
    """Return the stages of a recipe that can be used here, in an order of its own."""
    while True:
        stages = dice.sample(STAGES, dice.randint(2, 5))
        if recipes.desk.door.check(RecipeWish("drawn", written(stages))).problem is None:
            return ["transcribe", *stages]


def written(stages: list[str]) -> str:
    steps = (f'[[steps]]\nstage = "{stage}"\n' for stage in stages)
    return 'title = "drawn"\n' + HEAR + "".join(steps)


def found(recipes: Recipes, job: str) -> dict[str, set[str]]:
    """Return the steps of each recording whose findings can be read now."""
    seen = {}
    for task in recipes.desk.door.tasks(job):
        with suppress(NotFound):  # nothing was found yet
            seen[task.id] = set(taken(recipes.record(task))) if task.call else set()
    return seen


def follow(recipes: Recipes, job: str, dice: random.Random) -> dict[str, set[str]]:
    """Shoot when a step was kept, a few times; return what could be read at any time."""
    ever, kills = dict[str, set[str]](), 0
    while not is_finished(recipes.desk.door, job):
        with suppress(DaemonUnreachable):
            news = {
                task: steps - ever.get(task, set()) for task, steps in found(recipes, job).items()
            }
            for task, steps in news.items():
                ever.setdefault(task, set()).update(steps)
            if any(news.values()) and kills < KILLS and dice.random() < 0.5:
                kills += bool(shoot(recipes.site, dice, signal.SIGKILL))
        time.sleep(0.02)
    return ever


def check(task: Task, steps: set[str], stages: list[str]) -> None:
    """See that a recording came to a good end, or to one with a reason."""
    missing = set(stages) - steps
    if task.state == "done":
        assert not missing
        return
    if task.state in ("failed", "dead"):
        assert not steps, "nothing is read where what masks it could not be found"
        assert {"redact", "stumble_names"} <= missing, task.error
        return
    assert task.state == "partial", task
    assert "transcribe" in steps
    assert task.error is not None
    named = [stage for stage in missing if stage in task.error.text]
    assert sorted(named) == sorted(missing), task.error
    assert task.error.hint


@pytest.mark.slow
def test_recipes_that_nobody_wrote(recipes: Recipes, make_call: Callable[..., Path]) -> None:
    print(f"VOICECTL_SEED={SEED}")
    ends = set()
    for number in range(RECIPES):
        dice = random.Random(f"{SEED}.{number}")
        stages = draw(recipes, dice)
        paths = [
            make_call(f"{number}-{each}", dice.uniform(0, 60), dice.uniform(2, 6))
            for each in range(2)
        ]
        if how := dice.choice((*STUMBLES, "")):
            spoil(paths[0], how)
        job = recipes.desk.ask(*paths, recipe="drawn", written=written(stages[1:]), options=None)
        ever = follow(recipes, job.id, dice)
        last = found(recipes, job.id)
        for task in recipes.desk.door.tasks(job.id):
            print(number, stages, how, task.state, task.error and task.error.text)
            check(task, last.get(task.id, set()), stages)
            assert ever.get(task.id, set()) <= last.get(task.id, set()), "what was found is kept"
            ends.add(task.state)
    assert "done" in ends
