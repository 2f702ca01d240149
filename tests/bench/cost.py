"""What work costs: seconds on the wall, and CPU seconds, which a busy neighbour disturbs less."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """What a piece of work took."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds, of all processes that took part."""


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end. Raises `SystemExit` with its last words when it fails."""
    with tempfile.TemporaryFile("w+") as said:
        began = time.monotonic()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=env
        )
        _, status, used = os.wait4(child.pid, 0)
        wall = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise SystemExit(f"{command[0]} ended with {child.returncode}: {said.read()[-2000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime)


@contextmanager
def of_this_process() -> Iterator[Callable[[], Cost]]:
    """Measure what is done inside; the yielded function tells the cost afterwards."""
    wall, cpu = time.monotonic(), _own_cpu()
    found: list[Cost] = []
    yield lambda: found[0]
    found.append(Cost(time.monotonic() - wall, _own_cpu() - cpu))


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def in_turn(contestants: Mapping[str, Callable[[], Cost]], runs: int) -> dict[str, list[Cost]]:
    """Let each work `runs` times, in turn: A B C A B C."""
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    for _ in range(runs):
        for name, work in contestants.items():
            costs[name].append(work())
    return costs


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the medians."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
    )


def ratios(ours: Sequence[Cost], theirs: Sequence[Cost]) -> Cost:
    """Return how much more `ours` took than `theirs`: the medians over the rounds."""
    return middle([Cost(a.wall / b.wall, a.cpu / b.cpu) for a, b in zip(ours, theirs, strict=True)])
