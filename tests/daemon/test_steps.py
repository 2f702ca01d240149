"""What the steps of a recipe find is kept step by step, and never found twice."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.daemon.conftest import TENANT, Desk, bytes_of, states
from tests.daemon.stumbling import install
from voicectl.client import Door
from voicectl.errors import NotFound, UsageError
from voicectl.types import Ask, CallRecord, Outputs, Problem, Source, Task, TaskState
from voicectl_daemon.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Ran, Site

HEAR = {"stage": "transcribe", "options": {"language": "en", "temperature": [0.0]}}
STEPS = [HEAR, {"stage": "stumble"}]


class Recipes:
    """Hands in recipes that are not shipped: what a job is to do is written into the ledger."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.desk: Desk

    def ask(self, *paths: Path, steps: list[dict[str, Any]] = STEPS, **more: Any) -> str:
        """Write a job down while no daemon is there, and start one."""
        if self.site.pid is not None:
            self.site.end()
        self.site.home.folder.mkdir(mode=0o700, exist_ok=True)
        ledger = Ledger(self.site.home.ledger)
        sources = tuple(Source(str(path), path.name) for path in paths)
        job = ledger.add_job(Ask(sources, **more), json.dumps(steps).encode(), TENANT)
        ledger.close()
        self.desk.door.job(job.id)
        return job.id

    def wait(self, job: str) -> list[Task]:
        """Wait for its end."""
        return self.desk.wait(self.desk.door.job(job))

    def do(self, *paths: Path, **more: Any) -> list[Task]:
        """Hand in and wait."""
        return self.wait(self.ask(*paths, **more))

    def again(self, job: str, stage: str | None = None) -> list[Task]:
        """Retry a job and wait."""
        self.desk.door.retry(job, stage)
        return self.wait(job)

    def record(self, task: Task) -> CallRecord:
        """What is kept of a task."""
        assert task.call is not None
        return self.desk.door.call(task.call, task.key)


@pytest.fixture
def recipes(
    site: Site, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Recipes]:
    monkeypatch.setenv("PYTHONPATH", str(install(tmp_path / "packages")))
    made = Recipes(site)
    site.home.folder.mkdir(mode=0o700)
    with Door(site.home, start=True) as door:
        made.desk = Desk(door)
        yield made


def spoil(path: Path, how: str) -> Path:
    """Have the step `stumble` go wrong for a recording."""
    told = path.with_name(path.name + ".stumble")
    told.write_text(how)
    return told


def taken(record: CallRecord) -> list[str]:
    return [step.stage for step in record.done]


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


def test_nothing_is_read_before_it_is_masked(
    recipes: Recipes, make_call: Callable[..., Path]
) -> None:
    steps = [HEAR, {"stage": "entities"}, {"stage": "stumble"}, {"stage": "redact"}]
    path = make_call("one", 0.0, 62.0)
    told = spoil(path, "fail")
    job = recipes.ask(path, steps=steps)
    (task,) = recipes.wait(job)
    assert task.state is TaskState.FAILED
    assert task.error is not None
    assert "the step 'stumble' failed: it stumbled" in task.error.text
    with pytest.raises(NotFound):
        recipes.record(task)
    (draft,) = recipes.site.home.drafts.iterdir()
    found = json.loads(draft.read_bytes().partition(b"\n")[2])
    words = found["transcript"]["segments"]
    assert draft.stat().st_mode & 0o777 == 0o600

    told.unlink()
    (task,) = recipes.again(job, "entities")
    assert task.state is TaskState.DONE
    record = recipes.record(task)
    assert taken(record) == [step["stage"] for step in steps]
    heard, named = (step["at"] for step in found["done"])
    assert record.done[0].at == datetime.fromisoformat(heard), "it is not transcribed again"
    assert record.done[1].at > datetime.fromisoformat(named)
    assert not list(recipes.site.home.drafts.iterdir())
    assert any("[" in segment.text for segment in record.transcript.segments)
    masked = next(each["text"] for each in words if not _has(record, each["text"]))
    recipes.site.end()
    assert masked.encode() not in bytes_of(recipes.site.home.folder)
    with pytest.raises(UsageError, match="'redact' has changed"):
        recipes.desk.door.retry(job, "stumble")


def _has(record: CallRecord, text: str) -> bool:
    assert record.transcript is not None
    return any(segment.text == text for segment in record.transcript.segments)
