"""Workers come when there is work and go when there is none, never in the middle of it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.daemon.conftest import states, wait_for
from voicectl.client import Door
from voicectl.events import EventKind
from voicectl.types import TaskState
from voicectl_daemon import unforeseen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk


@pytest.mark.parametrize("keep_alive", ["0", '"800ms"'])
def test_an_idle_worker_lets_its_models_go(
    keep_alive: str,
    site: Site,
    weights: Path,
    make_call: Callable[..., Path],
    at_desk: Callable[[Door], Desk],
) -> None:
    site.configure(f"[workers]\nkeep_alive = {keep_alive}\n[daemon]\nlinger_seconds = 3600")
    with Door.open() as door:
        desk = at_desk(door)
        pids = set()
        for number in range(2):
            job = desk.ask(make_call(str(number), number, 61.0), make_call("more", 5.0, 62.0))
            with desk.watch(job.id) as events:
                for event in events:
                    assert event.kind is not EventKind.TASK_REQUEUED
                    if event.kind is EventKind.TASK_PROGRESS:
                        pids.add(door.status().workers[0].pid)
            assert [task.attempts for task in door.tasks(job.id)][0] == 1
            site.wait_until(lambda: door.status().workers[0].state == "off", "it lets go")
            site.wait_until(lambda: not site.workers(), "its process has ended")
        pids.discard(None)  # whoever reads late what was told finds nobody any more
        assert len(pids) == 2, "one for each job, however long its recordings take"


def test_models_stay_as_long_as_they_may(desk: Desk, make_call: Callable[..., Path]) -> None:
    desk.do(make_call("one", 0.0, 1.5))
    worker = desk.door.status().workers[0]
    assert worker.models == ("tiny.en",)
    assert worker.lets_go is not None
    assert 800 < worker.lets_go <= 900


def test_one_that_grew_too_large_is_replaced_after_its_work(
    site: Site,
    weights: Path,
    make_call: Callable[..., Path],
    at_desk: Callable[[Door], Desk],
) -> None:
    site.configure('[workers]\nkeep_alive = -1\nmemory_limit = "100MB"')
    with Door.open() as door:
        desk = at_desk(door)
        job = desk.ask(*(make_call(str(number), number, 61.0) for number in range(2)))
        pids = {}
        with desk.watch(job.id) as events:
            for event in events:
                assert event.kind is not EventKind.TASK_REQUEUED
                if event.kind is EventKind.TASK_PROGRESS:
                    pids[event.task] = door.status().workers[0].pid
        for task in door.tasks(job.id):
            assert (task.state, task.attempts) == (TaskState.DONE, 1)
        assert len(set(pids.values())) == 2
        assert door.status().workers[0].lets_go is None


DEBUGGER = """
import ctypes, sys
SEIZE = 0x4206
print(ctypes.CDLL(None).ptrace(SEIZE, int(sys.argv[1]), None, None), flush=True)
sys.stdin.read()
"""


@contextmanager
def held(pid: int) -> Iterator[None]:
    """Keep a process from being gone when it is killed, as a disk that does not answer does."""
    command = [sys.executable, "-c", DEBUGGER, str(pid)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as debugger:
        assert debugger.stdout
        if debugger.stdout.readline() != "0\n":
            pytest.skip("this machine lets nobody hold a process")
        yield


def test_one_that_is_killed_and_does_not_go(desk: Desk, make_call: Callable[..., Path]) -> None:
    job = desk.ask(make_call("long", 0.0, 60.0))
    wait_for(desk, job.id, EventKind.TASK_STARTED)
    pid = desk.door.status().workers[0].pid
    assert pid is not None
    with held(pid):
        psutil.Process(pid).kill()
        assert states(desk.wait(job)) == ["done"]
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE, "it is still held"
        assert desk.door.status().workers[0].pid != pid


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("otieno"), ""),
        (ValueError("no number: 'otieno'"), ""),
        (RuntimeError("out of memory"), ": out of memory"),
    ],
)
def test_an_error_that_nobody_foresaw_does_not_quote_the_call(
    caplog: pytest.LogCaptureFixture, error: Exception, words: str
) -> None:
    """One about the machine is told in its words."""
    with pytest.raises(type(error)) as caught:
        raise error
    told = unforeseen.sentence(caught.value)
    unforeseen.write(logging.getLogger("test"), "unexpected", caught.value)
    assert "otieno" not in caplog.text
    assert f"unexpected: {type(error).__name__}" in caplog.text
    assert re.fullmatch(rf"{type(error).__name__} in test_workers\.py, line \d+{words}", told)
