"""A recipe that masks names: whatever goes wrong in it, nobody reads what is not masked."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tests.daemon.conftest import bytes_of
from tests.daemon.stumbling import HEAR, Recipes, spoil, taken
from voicectl.errors import NotFound, UsageError
from voicectl.types import CallRecord, Outputs, Task, TaskState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

NAME = b"intra"
"""Of Sintra, as the recogniser writes it."""
STEPS: list[dict[str, Any]] = [HEAR, *({"stage": name} for name in ("entities", "risk", "redact"))]
STUMBLE = {"stage": "stumble", "time_limit": 1}


def nowhere(recipes: Recipes, folder: Path, drafts: bool) -> None:
    """Nobody finds the name, but for whoever may read the drafts."""
    home = recipes.site.home
    hidden = bytes_of(home.drafts)
    assert (NAME in hidden) is drafts
    for path in (*home.folder.rglob("*"), *folder.rglob("*")):
        if path.is_file() and path.parent != home.drafts:
            assert NAME not in path.read_bytes(), path
    for path in home.drafts.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("place", "ways"),
    [(1, ("raise", "sleep", "fail")), (2, ("exit", "fail")), (3, ("fault",)), (4, ("kill",))],
)
def test_a_step_that_fails_leaves_a_masked_copy(
    recipes: Recipes,
    make_call: Callable[..., Path],
    run: Callable[..., Ran],
    tmp_path: Path,
    place: int,
    ways: tuple[str, ...],
) -> None:
    steps = [*STEPS[:place], STUMBLE, *STEPS[place:]]
    paths = [make_call(way, 38.5 - at / 4, 9.5) for at, way in enumerate(ways)]
    told = [spoil(path, way) for path, way in zip(paths, ways, strict=True)]
    out = tmp_path / "out"
    job = recipes.ask(*paths, steps=steps, outputs=Outputs(str(out), ("txt", "json")))
    seen = msgspec.json.encode(list(recipes.desk.door.events(job)))
    before = [masked(recipes, task, without="stumble") for task in recipes.wait(job)]
    assert run("jobs", "watch", job).status == 1
    assert len(list(out.glob("*.txt"))) == len(ways)
    for command in (("calls", "show", before[0].id), ("sql", "SELECT * FROM segments")):
        printed = run(*command, "--json").stdout.encode()
        assert b"_1]" in printed
        assert NAME not in printed
    assert NAME not in seen
    nowhere(recipes, out, drafts=place < len(STEPS))

    for each in told:
        each.unlink()
    for task, first in zip(recipes.again(job), before, strict=True):
        assert task.state is TaskState.DONE
        after = recipes.record(task)
        assert set(taken(after)) == {step["stage"] for step in steps}
        assert after.done[0] == first.done[0], "it is not transcribed again"
        assert after.transcript == first.transcript
    assert not list(recipes.site.home.drafts.iterdir())
    nowhere(recipes, out, drafts=False)


def masked(recipes: Recipes, task: Task, *, without: str) -> CallRecord:
    """Return what is kept of a recording of which one step failed: all the others, masked."""
    assert task.state is TaskState.PARTIAL, task.error
    assert task.error is not None
    assert task.error.text.startswith(f"the step '{without}' failed: ")
    record = recipes.record(task)
    assert taken(record) == [step["stage"] for step in STEPS]
    assert record.transcript is not None
    assert "_1]" in record.transcript.text
    return record


def test_nothing_is_read_where_what_masks_it_could_not_be_found(
    recipes: Recipes, make_call: Callable[..., Path], tmp_path: Path
) -> None:
    steps = [HEAR, {"stage": "entities"}, {"stage": "stumble_names"}, {"stage": "redact"}]
    path = make_call("one", 38.5, 9.5)
    told = spoil(path, "fail")
    job = recipes.ask(path, steps=steps, outputs=Outputs(str(tmp_path / "out"), ("txt",)))
    (task,) = recipes.wait(job)
    assert task.state is TaskState.FAILED
    assert task.error is not None
    text = "the step 'stumble_names' failed: it stumbled; not done either: redact"
    assert task.error.text == text
    with pytest.raises(NotFound):
        recipes.record(task)
    nowhere(recipes, tmp_path / "out", drafts=True)
    (draft,) = recipes.site.home.drafts.iterdir()
    found = json.loads(draft.read_bytes().partition(b"\n")[2])

    told.unlink()
    (task,) = recipes.again(job, "entities")
    assert task.state is TaskState.DONE
    record = recipes.record(task)
    assert taken(record) == [step["stage"] for step in steps]
    heard, named = (datetime.fromisoformat(step["at"]) for step in found["done"])
    assert record.done[0].at == heard, "it is not transcribed again"
    assert record.done[1].at > named
    assert not list(recipes.site.home.drafts.iterdir())
    nowhere(recipes, tmp_path / "out", drafts=False)
    with pytest.raises(UsageError, match="'redact' has changed"):
        recipes.desk.door.retry(job, "stumble_names")


def test_a_site_that_keeps_no_drafts_hears_the_call_again(
    recipes: Recipes, make_call: Callable[..., Path], tmp_path: Path
) -> None:
    recipes.site.configure("[redaction]\ndrafts = 0")
    path = make_call("one", 38.5, 9.5)
    told = spoil(path, "fail")
    job = recipes.ask(path, steps=[*STEPS[:3], STUMBLE, *STEPS[3:]])
    first = masked(recipes, recipes.wait(job)[0], without="stumble")
    drafts = recipes.site.home.drafts
    recipes.site.wait_until(lambda: not list(drafts.iterdir()), "what was said is gone")
    nowhere(recipes, tmp_path / "out", drafts=False)

    told.unlink()
    (task,) = recipes.again(job)
    assert task.state is TaskState.DONE
    after = recipes.record(task)
    assert after.done[0].at > first.done[0].at, "the words were not there any more"
    assert after.transcript == first.transcript
    nowhere(recipes, tmp_path / "out", drafts=False)


def test_words_as_they_were_said_and_masked_ones_are_not_mixed(
    recipes: Recipes, make_call: Callable[..., Path]
) -> None:
    """A transcript that is there serves the recipe that masks; what is masked serves none."""
    path = make_call("one", 38.5, 9.5)
    said = recipes.record(recipes.do(path, steps=[HEAR])[0])
    masked = recipes.record(recipes.do(path, steps=STEPS)[0])
    assert masked.done[0] == said.done[0]
    assert masked.transcript is not None
    assert "[PLACE_1]" in masked.transcript.text
    assert recipes.desk.door.search("[PLACE_1]", 5)
    assert not recipes.desk.door.search(NAME.decode(), 5), "the latest is the masked one"
    call = masked.id
    again = [HEAR, {"stage": "entities"}, {"stage": "redact"}]
    recipes.desk.door.delete(call)
    first = recipes.record(recipes.do(path, steps=again)[0])
    for steps in (STEPS, [HEAR, {"stage": "risk"}]):
        (task,) = recipes.do(path, steps=steps)
        record = recipes.record(task)
        assert record.done[0].at > first.done[0].at, "the words are not there any more"
        assert record.transcript is not None
        assert ("[PLACE_1]" in record.transcript.text) is (steps is STEPS)
