"""A daemon to look at, and short ways to ask it for work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from websockets.sync.client import unix_connect

from voicectl.client import Door
from voicectl.errors import NotFound
from voicectl.types import Ask, Event, Job, Source, Task
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from tests.conftest import Site

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
        self.door.job(job.id)  # brings a daemon back that was lost
        for _ in self.door.events(job.id):
            pass
        return self.door.tasks(job.id)

    @contextmanager
    def watch(self, job: str | None = None) -> Iterator[Iterator[Event]]:
        """Watch events; nothing that happens inside the block is missed."""
        uri = "ws://voicectl/v1/events" + (f"?job={job}" if job else "")
        with unix_connect(str(self.door.home.socket), uri, max_size=None) as line:
            yield (msgspec.json.decode(message, type=Event) for message in line)

    def has(self, job: Job) -> bool:
        """Whether a job is still known."""
        try:
            return bool(self.door.job(job.id))
        except NotFound:
            return False

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


@dataclass(frozen=True)
class House:
    """A daemon that has done something, for tests that only look."""

    site: Site
    door: Door
    job: str
    """Two recordings that are done and one that failed."""
    call: str
    key: str


@pytest.fixture(scope="session")
def house(
    lasting_site: Site, weights: Path, tmp_path_factory: pytest.TempPathFactory, cut: Any
) -> Iterator[House]:
    """A daemon with two calls; look, do not touch."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "one.wav").write_bytes(cut(0.0, 4.0))
    (folder / "two.wav").write_bytes(cut(12.5, 3.0))
    (folder / "bad.wav").write_bytes(b"no recording at all")
    lasting_site.configure("[daemon]\nlinger_seconds = 3600")
    with pytest.MonkeyPatch.context() as surroundings:
        for name, value in lasting_site.environment.items():
            surroundings.setenv(name, value)
        door = Door(lasting_site.home, start=True)
        desk = Desk(door)
        tasks = desk.do(folder / "one.wav", folder / "two.wav", folder / "bad.wav")

        assert [str(task.state) for task in tasks] == ["done", "done", "failed"]
        first = tasks[0]
        assert first.call is not None
        assert first.key is not None
        yield House(lasting_site, door, first.job, first.call, first.key)

        door.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "store.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    """A store without a daemon."""
    made = Store(path)
    yield made
    made.close()
