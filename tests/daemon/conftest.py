"""A daemon to look at, and short ways to ask it for work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from voicectl.client import Door
from voicectl.types import Ask, Job, Source, Task

ENGLISH = {"transcribe": {"language": "en"}}
"""Options with which the small model will do."""


class Desk:
    """Asks a daemon for work and waits for it."""

    def __init__(self, door: Door) -> None:
        self.door = door

    def ask(self, *paths: Path, **more: Any) -> Job:
        """Hand in recordings."""
        sources = tuple(Source(str(path), path.name) for path in paths)
        return self.door.submit(Ask(sources, **{"options": ENGLISH} | more))

    def wait(self, job: Job) -> list[Task]:
        """Wait for the end of a job; return its tasks."""
        for _ in self.door.events(job.id):
            pass
        return self.door.tasks(job.id)

    def do(self, *paths: Path, **more: Any) -> list[Task]:
        """Hand in recordings and wait for the end."""
        return self.wait(self.ask(*paths, **more))


@pytest.fixture
def desk(daemon: Door) -> Desk:
    """A daemon of one's own."""
    return Desk(daemon)


@pytest.fixture
def at_desk() -> Callable[[Door], Desk]:
    """Make a desk for a door."""
    return Desk
