"""Damaged recordings, made from a seed: each ends well, with a warning, or with a reason.

A sample; `python -m tests.soak mutants` and `work` take thousands.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, Site
from tests.soak import reading, recordings
from tests.soak.mutants import DAMAGES, mutants
from voicectl.client import Door
from voicectl.types import TaskState

SEED = int(os.environ.get("VOICECTL_SEED") or time.time_ns() % 1_000_000)
READ = 300
WORKED_ON = int(os.environ.get("VOICECTL_DAMAGED", "44"))
"""For more: python -m tests.soak work --count 500"""


def test_mutants_are_the_same_for_the_same_seed() -> None:
    count = 3 * len(recordings.good())
    first = {mutant.name: mutant.content for mutant in mutants(count, 7, "http://127.0.0.1:1")}
    again = {mutant.name: mutant.content for mutant in mutants(count, 7, "http://127.0.0.1:1")}
    other = {mutant.name: mutant.content for mutant in mutants(count, 8, "http://127.0.0.1:1")}
    assert first == again != other
    assert {name.split("-")[1] for name in first} == set(DAMAGES)
    assert len(recordings.good()) >= 36


def test_good_ones_are_read_whole(tmp_path: Path) -> None:
    """Otherwise a mutant that fails says nothing."""
    child = reading.Child()
    for name, content in recordings.good().items():
        (tmp_path / name).write_bytes(content)
        answer = child.read(tmp_path / name)
        assert answer["seconds"] == pytest.approx(recordings.SECONDS, abs=0.11), name
    child.close()


def test_a_child_that_is_lost_is_noticed(tmp_path: Path) -> None:
    """What the tests below look for would be seen."""
    child = reading.Child()
    os.mkfifo(tmp_path / "pipe.wav")
    assert "pipe" in child.read(tmp_path / "pipe.wav")["error"]
    assert child.pid is not None
    os.kill(child.pid, 11)
    assert "with -11" in child.read(tmp_path / "pipe.wav")["lost"]
    assert "pipe" in child.read(tmp_path / "pipe.wav")["error"]
    child.close()


def test_damaged_recordings_are_read(tmp_path: Path) -> None:
    print(f"VOICECTL_SEED={SEED}")
    with reading.canary() as (url, came):
        found = reading.read_all(mutants(READ, SEED, url), tmp_path, 2)
    assert found.wrong == {}
    assert came == [], "nothing is fetched"
    assert set(found.ended) == {reading.OK, reading.WARNED, reading.FAILED}
    assert found.ended.total() == READ


def test_damaged_recordings_are_worked_on_by_a_daemon(
    site: Site, weights: Path, run: Callable[..., Ran]
) -> None:
    print(f"VOICECTL_SEED={SEED}")
    folder, out = site.folder / "damaged", site.folder / "out"
    folder.mkdir()
    with reading.canary() as (url, came):
        for mutant in mutants(WORKED_ON, SEED, url):
            (folder / mutant.name).write_bytes(mutant.content)
        options = ("--model", "tiny.en", "--language", "en", "-f", "txt", "-f", "json")
        with Door.open() as door:
            before = door.status().pid
            ran = run("transcribe", *sorted(folder.iterdir()), "-o", out, *options)
            assert door.status().pid == before, "the daemon lives"
            (job,) = door.jobs()
            tasks = door.tasks(job.id)
    assert ran.status == 1, ran.stderr
    assert came == [], "nothing is fetched"
    assert len(tasks) == WORKED_ON
    assert {task.state for task in tasks} == {TaskState.DONE, TaskState.FAILED}
    assert all(task.error and task.error.text for task in tasks if not task.state.good)
    written = {path.name for path in out.iterdir()}
    good = sum(task.state.good for task in tasks)
    assert len(written) == 2 * good, "both files of each that is done, and no half of any"
    assert all(path.read_text().endswith("\n") for path in out.glob("*.json"))
    assert "\x1b" not in ran.stderr
