"""What a call leaves in the ledger, and that it can be forgotten."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.daemon.conftest import TENANT, add, audio, claim, states
from voicectl.errors import NotFound, UsageError
from voicectl.results import FileWish
from voicectl.types import Ask, Source, TaskState
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.traces import Traces


def test_forget_leaves_other_calls_alone(ledger: Ledger, tmp_path: Path) -> None:
    traces = Traces(ledger)
    job, alone = add(ledger, "a", "b"), add(ledger, "a")
    for _ in range(2):
        ledger.finish(claim(ledger).id, "me")
    traces.claim(TENANT, [("a", [FileWish((str(tmp_path / "secret-name.txt"),), ())])])
    traces.forget("a")
    assert [task.name for task in ledger.tasks(job)] == ["b"]
    with pytest.raises(NotFound):
        ledger.job(alone)
    assert traces.files("a") == []
    for path in tmp_path.iterdir():
        assert b"secret-name" not in path.read_bytes()


def test_dropping_a_call(ledger: Ledger) -> None:
    traces = Traces(ledger)
    one, two = add(ledger, "a", "b"), add(ledger, "a")
    running = claim(ledger)
    assert traces.at_work("a")
    assert [task.job for task in traces.drop("a")] == [two]
    assert ledger.unwanted(running.id)
    assert states(ledger.tasks(one)) == ["running", "queued"]


def test_files_belong_to_calls(ledger: Ledger) -> None:
    claim = Traces(ledger).claim
    x, others = ("/o/x.txt",), ("/o/x.txt", "/o/x-b.txt")
    assert claim(TENANT, [("a", [FileWish(x, ())])]) == [x]
    assert claim(TENANT, [("a", [FileWish(x, x)])]) == [x]
    assert claim(TENANT, [("b", [FileWish(others, x)])]) == [("/o/x-b.txt",)]
    assert claim(TENANT, [("b", [FileWish(x, ())])]) == [x], "it was removed meanwhile"


def test_a_call_whose_file_cannot_be_written_keeps_no_other_back(ledger: Ledger) -> None:
    traces = Traces(ledger)
    foreign, free = FileWish(("/o/y.txt",), ("/o/y.txt",)), FileWish(("/o/y.srt",), ())
    refused, given = traces.claim(TENANT, [("a", [free, foreign]), ("b", [free])])
    assert isinstance(refused, UsageError)
    assert "was not written by voicectl" in refused.text
    assert given == free.paths
    assert traces.files("a") == []


def test_uploads_that_are_needed(ledger: Ledger) -> None:
    sources = tuple(Source(f"upload:{number}", str(number)) for number in range(4))
    job = ledger.add_job(Ask(sources), b"[]", TENANT).id
    done, failed, waiting, known = ledger.tasks(job)
    for task in (done, failed, waiting, known):
        ledger.looked_at(task.id, audio(task.name), task.name, task.name, known=task is known)
    ledger.planned(job)
    ledger.finish(claim(ledger).id, "me")
    ledger.close_task(claim(ledger).id, "me", TaskState.FAILED, None)
    traces, now = Traces(ledger), time.time()
    assert traces.uploads_needed(now - 60) == {"0", "1", "2", "3"}
    assert traces.uploads_needed(now + 60) == {"0", "2"}
    assert traces.uploads(done.name) == ["0"]
