"""A daemon to look at, and short ways to ask it for work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from websockets.sync.client import unix_connect

from tests.daemon.stumbling import Recipes, install
from tests.receiver import Rig
from voicectl import parse
from voicectl.client import Door
from voicectl.errors import NotFound
from voicectl.events import Event, EventKind
from voicectl.translated import TranslatedSegment, Translation
from voicectl.types import (
    Ask,
    Audio,
    CallRecord,
    Decoding,
    Done,
    Job,
    Segment,
    Source,
    Task,
    Transcript,
    Word,
)
from voicectl.understanding import Entity, Label, Risk, Score, Sentence, Summary, Verdict
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from tests.conftest import Site

ENGLISH = {"transcribe": {"language": "en"}}
"""Options with which the small model will do."""
LEASE = 60.0
"""Seconds."""
TENANT = "default"
WHEN = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)


def states(tasks: Iterable[Task]) -> list[str]:
    """Where tasks stand, in words."""
    return [str(task.state) for task in tasks]


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
            yield (parse.json(message, Event) for message in line)

    def has(self, job: Job) -> bool:
        """Whether a job is still known."""
        try:
            return bool(self.door.job(job.id))
        except NotFound:
            return False

    @property
    def worker(self) -> psutil.Process:
        """The process that works; others of its kind look at recordings before."""
        return psutil.Process(self.door.status().workers[0].pid)

    def do(self, *paths: Path, **more: Any) -> list[Task]:
        """Hand in recordings and wait for the end."""
        return self.wait(self.ask(*paths, **more))


def wait_for(desk: Desk, job: str, kind: EventKind) -> Event:
    """Wait for the first event of a kind."""
    with desk.watch(job) as events:
        return next(event for event in events if event.kind is kind)


def wait_for_progress(desk: Desk, job: str) -> None:
    """Wait until a worker is in the middle of its work."""
    with desk.watch(job) as events:
        for event in events:
            assert event.kind is not EventKind.JOB_FINISHED
            if event.kind is EventKind.TASK_PROGRESS and (event.detail or {})["seconds"] > 0:
                return


@pytest.fixture
def desk(daemon: Door) -> Desk:
    """A daemon of one's own."""
    return Desk(daemon)


@pytest.fixture
def at_desk() -> Callable[[Door], Desk]:
    """Make a desk for a door."""
    return Desk


@pytest.fixture
def call(make_call: Callable[..., Path]) -> Path:
    """A quarter of a minute of a call; `tests.line.SAID` is said in it."""
    return make_call("call", 0.0, 14.7)


@pytest.fixture
def long(make_call: Callable[..., Path]) -> Path:
    """A recording that keeps a worker busy for longer than any test."""
    return make_call("long", 0.0, 70.0, 12)


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

        assert states(tasks) == ["done", "done", "failed"]
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


def bytes_of(folder: Path) -> bytes:
    """Everything that is in the files of a folder."""
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def record(call: str = "call1", *texts: str, **more: object) -> CallRecord:
    """A call in which everything is filled in."""
    segments = tuple(
        Segment(
            id=number,
            start=number + 0.125,
            end=number + 0.875,
            text=text,
            speaker=f"SPEAKER_0{number % 2}",
            channel=number % 2,
            language="en",
            language_probability=0.875,
            confidence=0.75,
            words=(Word(number + 0.125, number + 0.5, f" {text}", 0.5),),
            suspect="loop" if number else None,
            decoding=Decoding(7, (1, 2, 50257), 0.2, -0.25, 1.5, 0.01),
        )
        for number, text in enumerate(texts or ("Good morning.", "Hello!"))
    )
    transcript = Transcript(segments, "en", "tiny.en", "transcribe", 0.9, 12.5)
    made = CallRecord(
        id=call,
        tenant=TENANT,
        audio=Audio(
            f"/calls/{call}.wav",
            f"{call}.wav",
            70.5,
            8000,
            2,
            "pcm_mulaw",
            f"sha {call}",
            warnings=("the header says 80.0 s, 70.5 s could be decoded",),
        ),
        created=WHEN,
        transcript=transcript,
        done=(Done("transcribe", "faster-whisper", "tiny.en", WHEN, 1.25, "hash", (1,)),),
        entities=(Entity("NAME", segments[0].text, 0, 0, len(segments[0].text), 0.75),),
        labels=(Label("a scheme", "custody", 0.625, (1, 0)), Label("a scheme", "other", 0.25, ())),
        scores=(Score("a form", "opening", Verdict.NOT_APPLICABLE, (0,)),),
        risks=(Risk("weapon", segments[-1].text, len(segments) - 1, 0, 3, "en"),),
        summary=Summary((Sentence(f"It was said: {segments[0].text}", (0, 1)),), "extractive"),
        translation=Translation("hi", (TranslatedSegment(0, "नमस्ते।", "loop"),), "nllb", "600M"),
        translated_entities=(Entity("NAME", "नमस्ते", 0, 0, 6, 0.5),),
    )
    return replace(made, **more)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger without a daemon."""
    book = Ledger(tmp_path / "ledger.sqlite")
    yield book
    book.close()


def audio(name: str, seconds: float = 2.0) -> Audio:
    """A recording as it is seen when it is looked at."""
    return Audio(f"/calls/{name}", name, seconds, 8000, 2, "pcm_mulaw", name)


def add(ledger: Ledger, *names: str, **more: bool) -> str:
    """A job of recordings that were looked at; equal names have equal keys."""
    sources = tuple(Source(f"/calls/{name}", name) for name in names)
    job = ledger.add_job(Ask(sources, **more), b"[]", TENANT).id
    for task in ledger.tasks(job):
        ledger.looked_at(task.id, audio(task.name), f"key {task.name}", task.name, known=False)
    assert ledger.planned(job)
    return job


def claim(ledger: Ledger, owner: str = "me") -> Task:
    """Claim what comes next; there must be something."""
    task = ledger.claim(owner, LEASE)
    assert task is not None
    return task


@pytest.fixture
def rig(tmp_path: Path, ledger: Ledger) -> Iterator[Rig]:
    made = Rig(tmp_path, ledger)
    yield made
    for each in made.sending:
        each.stop()
