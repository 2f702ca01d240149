"""The clock on the wall jumps under a daemon that works.

The daemon and its workers load a `sitecustomize` that adds to `time.time`, from which leases
are made, what a file says; the monotonic clock goes on, as it does when a machine's clock is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicectl.client import Door
from voicectl.events import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk

CLOCK = """
import time
wall, place = time.time, {place!r}
time.time = lambda: wall() + float(open(place).read() or 0)
"""
HOUR = 3600


@pytest.mark.parametrize("jumps", [(48, -48, 1), (-1, 0, -9000)], ids=["ahead", "back"])
def test_the_clock_is_set_while_work_goes_on(
    site: Site,
    weights: Path,
    make_call: Callable[..., Path],
    at_desk: Callable[[Door], Desk],
    monkeypatch: pytest.MonkeyPatch,
    jumps: tuple[int, ...],
) -> None:
    clock = site.folder / "clock"
    clock.write_text("0")
    (site.folder / "sitecustomize.py").write_text(CLOCK.format(place=str(clock)))
    monkeypatch.setenv("PYTHONPATH", str(site.folder))
    site.configure("[workers]\nlease_seconds = 4\n")
    paths = [make_call(f"long {n}", 10.0 * n, 20.0) for n in range(len(jumps))]
    with Door.open() as door:
        desk = at_desk(door)
        pid = door.status().pid
        jobs = []
        for path, jump in zip(paths, jumps, strict=True):
            jobs.append(desk.ask(path))
            with desk.watch(jobs[-1].id) as events:
                for event in events:
                    assert event.kind is not EventKind.TASK_REQUEUED, "no lease is lost"
                    if event.kind is EventKind.TASK_STARTED:
                        clock.write_text(str(jump * HOUR))
        days = [job.created.timestamp() for job in map(door.job, [job.id for job in jobs])]
        assert max(days) - min(days) > HOUR / 2, "the clock did jump"
        tasks = [task for job in jobs for task in door.tasks(job.id)]
        assert {str(task.state) for task in tasks} == {"done"}
        assert {task.attempts for task in tasks} == {1}, "nothing was done twice"
        assert door.status().pid == pid
        assert all(task.skipped for path in paths for task in desk.do(path)), "it is known"
