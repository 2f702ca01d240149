"""What the steps of a recipe find is kept step by step, and never found twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import states
from tests.daemon.stumbling import HEAR, Recipes, spoil, taken
from voicectl.errors import UsageError
from voicectl.types import Outputs, Problem, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran


def test_a_step_that_fails_leaves_what_others_found(
    recipes: Recipes, make_call: Callable[..., Path]
) -> None:
    paths = {name: make_call(name, 4.0 * at, 3.0) for at, name in enumerate(("well", "fail"))}
    paths |= {name: make_call(name, 4.0 * at, 3.0) for at, name in enumerate(("raise", "kill"), 2)}
    told = [spoil(path, name) for name, path in paths.items() if name != "well"]
    job = recipes.ask(*paths.values())
    tasks = recipes.wait(job)
    assert states(tasks) == ["done", "partial", "partial", "partial"]

    fail, unforeseen, kill = (task.error for task in tasks[1:])
    assert fail == Problem("recording", "the step 'stumble' failed: it stumbled", "clear the way")
    assert unforeseen is not None
    assert "the step 'stumble' failed" in unforeseen.text
    assert f"voicectl jobs retry {job}" in unforeseen.hint
    assert kill is not None
    assert "the step 'stumble' failed: it took 4 workers down" in kill.text

    before = [recipes.record(task) for task in tasks]
    assert [taken(record) for record in before] == [["transcribe", "stumble"]] + 3 * [
        ["transcribe"]
    ]
    assert all(record.transcript and record.transcript.text for record in before)
    assert before[0].labels
    assert not before[1].labels
    asked = "SELECT count(*) FILTER (whole), count(*) FROM calls"
    assert recipes.desk.door.sql(asked).rows == ((1, 4),)

    for each in told:
        each.unlink()
    tasks = recipes.again(job)
    assert states(tasks) == ["done"] * 4
    after = [recipes.record(task) for task in tasks]
    assert [taken(record) for record in after] == [["transcribe", "stumble"]] * 4
    assert [record.done[0] for record in after] == [record.done[0] for record in before]
    assert [record.transcript for record in after] == [record.transcript for record in before]
    assert all(record.labels for record in after)


def test_a_step_that_hangs(recipes: Recipes, make_call: Callable[..., Path]) -> None:
    recipes.site.configure("[workers]\nstall_seconds = 6")
    path = make_call("stuck", 0.0, 3.0)
    told = spoil(path, "hang")
    (task,) = recipes.do(path)
    assert task.state is TaskState.PARTIAL
    assert task.error is not None
    assert task.error.code == "too_slow"
    assert task.error.text.startswith("the step 'stumble' failed: no progress for 6 s")
    heard = recipes.record(task)

    told.unlink()
    (again,) = recipes.do(path)
    assert (again.state, again.skipped) == (TaskState.DONE, False)
    assert recipes.record(again).done[0] == heard.done[0], "the same asked again goes on"
    (third,) = recipes.do(path)
    assert third.skipped


@pytest.mark.parametrize("force", [False, True])
def test_a_daemon_that_is_killed_between_two_steps(
    recipes: Recipes, make_call: Callable[..., Path], force: bool
) -> None:
    path = make_call("long", 0.0, 62.0)
    told = spoil(path, "hang")
    job = recipes.ask(path, force=force)
    door, site = recipes.desk.door, recipes.site
    site.wait_until(lambda: door.calls(), "the transcript is kept while the next step is at it")
    (task,) = door.tasks(job)
    heard = recipes.record(task)
    assert (task.state, taken(heard)) == (TaskState.RUNNING, ["transcribe"])
    assert not list(site.home.drafts.iterdir())

    site.kill()
    told.unlink()
    (task,) = recipes.wait(job)
    assert task.state is TaskState.DONE
    after = recipes.record(task)
    assert after.done[0] == heard.done[0]
    assert after.transcript == heard.transcript
    assert taken(after) == ["transcribe", "stumble"]


def test_work_begins_again_at_a_step(
    recipes: Recipes, make_call: Callable[..., Path], run: Callable[..., Ran]
) -> None:
    paths = [make_call("one", 0.0, 3.0), make_call("two", 4.0, 3.0)]
    told = spoil(paths[1], "fail")
    job = recipes.ask(*paths)
    first, _ = [recipes.record(task) for task in recipes.wait(job)]

    for wrong in ("summarize", ""):
        with pytest.raises(UsageError, match="no step") as refused:
            recipes.desk.door.retry(job, wrong)
        assert "transcribe, stumble" in refused.value.hint
    told.unlink()
    ran = run("jobs", "retry", job, "--from", "stumble")
    assert ran.status == 0, ran.stderr
    tasks = recipes.wait(job)
    assert states(tasks) == ["done", "done"]
    second = recipes.record(tasks[0])
    assert second.done[0] == first.done[0]
    assert second.done[1].at > first.done[1].at, "what was done is done again, too"

    anew = recipes.record(recipes.again(job, "transcribe")[0])
    assert anew.done[0].at > first.done[0].at
    assert anew.transcript == first.transcript


def test_partial_results_are_written_and_counted_as_failures(
    recipes: Recipes, make_call: Callable[..., Path], run: Callable[..., Ran], tmp_path: Path
) -> None:
    path = make_call("one", 0.0, 3.0)
    spoil(path, "fail")
    outputs = Outputs(str(tmp_path / "out"), ("txt",))
    job = recipes.ask(path, outputs=outputs)
    ran = run("jobs", "watch", job)
    assert ran.status == 1, "something failed, and not everything"
    assert (tmp_path / "out" / "one.txt").read_text()
    assert ran.stdout.strip() == str(tmp_path / "out" / "one.txt")
    assert "one.wav: the step 'stumble' failed: it stumbled" in ran.stderr
    assert "1 partial" in ran.stderr


@pytest.mark.parametrize("how", ["sleep", "hold", "busy"])
def test_a_step_has_a_limit_of_its_own(
    recipes: Recipes, make_call: Callable[..., Path], how: str
) -> None:
    """However it spends its time; what does not need it goes on, and so do other recordings."""
    steps = [HEAR, {"stage": "stumble", "time_limit": "1s"}, {"stage": "risk"}]
    slow, well = make_call("slow", 0.0, 3.0), make_call("well", 4.0, 3.0)
    spoil(slow, how)
    first, second = recipes.do(slow, well, steps=steps)
    assert states([first, second]) == ["partial", "done"]
    assert first.error is not None
    text = "the step 'stumble' failed: it took longer than it may, 1 s; it was stopped"
    assert (first.error.code, first.error.text) == ("too_slow", text)
    assert taken(recipes.record(first)) == ["transcribe", "risk"]
    assert taken(recipes.record(second)) == ["transcribe", "stumble", "risk"]


def test_a_recipe_builds_on_what_others_found(
    recipes: Recipes, make_call: Callable[..., Path]
) -> None:
    path = make_call("one", 0.0, 3.0)
    heard = recipes.record(recipes.do(path, steps=[HEAR])[0])
    more = [HEAR, {"stage": "risk"}, {"stage": "entities"}]
    (task,) = recipes.do(path, steps=more)
    full = recipes.record(task)
    assert not task.skipped
    assert full.done[0] == heard.done[0]
    assert full.transcript == heard.transcript
    changed = [HEAR, {"stage": "risk", "options": {"languages": ["es"]}}, more[2]]
    other = recipes.record(recipes.do(path, steps=changed)[0])
    assert {step.stage: step for step in other.done}["entities"] == full.done[2]
    assert [step for step in other.done if step in full.done] == [full.done[0], full.done[2]]
    (less,) = recipes.do(path, steps=[HEAR, more[2]])
    assert recipes.record(less).done == (full.done[0], full.done[2]), "there was nothing to do"
    otherwise = {"stage": "transcribe", "options": {"language": "en", "temperature": [0.2]}}
    anew = recipes.record(recipes.do(path, steps=[otherwise, *more[1:]])[0])
    assert not set(anew.done) & set(full.done)
    (forced,) = recipes.do(path, steps=more, force=True)
    assert not set(recipes.record(forced).done) & set(full.done)


def test_what_another_recipe_found_is_kept_when_the_next_step_fails(
    recipes: Recipes, make_call: Callable[..., Path]
) -> None:
    path = make_call("one", 0.0, 3.0)
    heard = recipes.record(recipes.do(path, steps=[HEAR])[0])
    spoil(path, "fail")
    (task,) = recipes.do(path)
    assert task.state is TaskState.PARTIAL
    assert recipes.record(task).done == heard.done
