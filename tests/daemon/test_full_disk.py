"""No room, on a real small disk (a tmpfs, which takes root to mount): said, and survived.

At work and at the hand-in: test_surroundings. In the ledger: test_ledger. At an
upload: test_door.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import Raw

from tests.conftest import Ran, Site
from voicectl.client import Door
from voicectl.errors import DiskFull
from voicectl.types import Audio, CallRecord, Segment, Task, TaskState, Transcript
from voicectl_daemon.drafts import Drafts
from voicectl_daemon.ids import fresh
from voicectl_daemon.store import Store

pytestmark = pytest.mark.root


def fill(folder: Path, spare: int = 0) -> Path:
    """Leave `spare` bytes, rounded to pages, of a disk."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
        file.truncate(max(0, file.tell() - spare))
    return ballast


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def record(call: str, words: int) -> CallRecord:
    """A call of random words, which no engine can press together."""
    audio = Audio("/a.wav", call, 1.0, 8000, 1, "x", call)
    text = " ".join(fresh(16) for _ in range(words))
    segments = tuple(Segment(number, number, number + 1.0, text) for number in range(5))
    when = datetime.now(UTC)
    return CallRecord(call, "default", audio, when, Transcript(segments, "en", "tiny.en"))


@pytest.mark.parametrize("spare", [0, 1024, 6144])
def test_a_checkpoint_without_room_loses_no_call(disk: Path, spare: int) -> None:
    """With so many kB left it may be the log or the checkpoint that fails, at work or at the end.

    DuckDB's engine is dead after a checkpoint that failed; ours is opened anew.
    """
    store = Store(disk / "store.duckdb")
    kept = [f"before {number}" for number in range(40)]
    for call in kept:
        store.save(record(call, 400), call)
    ballast = fill(disk, spare * 1024)
    refused = 0
    for number in range(400):
        try:
            store.save(record(f"call {number}", 400), str(number))
            kept.append(f"call {number}")
        except DiskFull:
            refused += 1
        if refused > 3:
            break
    assert refused
    store.close()  # a checkpoint, for which there is no room
    ballast.unlink()
    again = Store(disk / "store.duckdb")
    assert {line.id for line in again.lines("default", 10_000, 0)} >= set(kept)
    again.save(record("after", 10), "after")
    assert again.call("after").transcript
    again.close()


@pytest.mark.parametrize("spare", [0, 4096])
def test_a_part_without_room_is_kept_whole_or_not_at_all(disk: Path, spare: int) -> None:
    """Where there is room for half of it, what comes later must not follow that half."""
    drafts = Drafts(disk / "drafts")
    task = Task("t", "j", "default", 0, "/a.wav", "a.wav", TaskState.RUNNING, key="k", call="c")
    part = {"words": fresh(30_000)}

    def add(begin: float) -> None:
        drafts.add(task, Raw(json.dumps(part | {"begin": begin, "end": begin + 1}).encode()))

    for begin in (0.0, 1.0):
        ballast = fill(disk, spare)
        with pytest.raises(DiskFull, match="No space left"):
            add(begin)
        ballast.unlink()
        add(begin)
    add(2.0)
    kept = drafts.read(task, only_of_job=True)
    assert kept.end == 3.0
    assert [each["begin"] for each in json.loads(bytes(kept.parts))] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(("spare", "before"), [(0, False), (64, False), (8, True)])
def test_a_daemon_that_has_no_room_to_start(
    site: Site, disk: Path, weights: Path, spare: int, *, before: bool
) -> None:
    """In a new data folder, and in one that was used before."""
    site.home.folder.symlink_to(disk)

    def start() -> None:
        with Door.open() as door:
            assert door.status().calls == 0
            door.stop()
        site.wait_until(lambda: site.pid is None, "it leaves")

    if before:
        start()
    ballast = fill(disk, spare * 1024)
    try:
        start()
        assert spare, "it cannot live on nothing"
    except DiskFull as error:
        told = error
        assert "No space left" in told.text or "the disk is probably full" in told.text
        assert "make room" in told.hint
    ballast.unlink()
    start()


def test_files_that_have_no_room_are_written_when_there_is_some(
    site: Site, disk: Path, calls: Path, run: Callable[..., Ran], weights: Path
) -> None:
    ballast = fill(disk)
    command = ("transcribe", *sorted(calls.iterdir()), "-o", disk / "text", "--model", "tiny.en")
    ran = run(*command)
    assert ran.status == 3, ran.stderr
    assert ran.stderr.count("cannot be written: No space left on device") >= 3
    assert "make room in" in ran.stderr
    assert not [path for path in disk.rglob("*") if path.is_file() and path != ballast]
    ballast.unlink()
    again = run(*command)
    assert again.status == 0, again.stderr
    assert again.stderr.splitlines()[-1].startswith("3 already done")
    assert len(list((disk / "text").iterdir())) == 15
    with Door.open() as door:
        assert {task.state for task in door.tasks(door.jobs()[0].id)} == {TaskState.DONE}
