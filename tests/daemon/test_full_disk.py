"""No room, on a real small disk (a tmpfs, which takes root to mount): said, and survived.

At an upload: test_door.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from msgspec import Raw

from tests.conftest import Ran, Site, mounted
from tests.daemon.conftest import TENANT, Desk, add, bytes_of, claim, record, states
from tests.waiting import wait_until
from voicectl.client import Door
from voicectl.config import Config, Schedule
from voicectl.errors import DiskFull, UsageError
from voicectl.events import EventKind
from voicectl.paths import Home
from voicectl.types import Audio, CallRecord, Job, Segment, Task, TaskState, Transcript
from voicectl_daemon import main
from voicectl_daemon.books import Books
from voicectl_daemon.bus import Bus
from voicectl_daemon.errands import Errands
from voicectl_daemon.ids import fresh
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.live.sessions import Sessions
from voicectl_daemon.media import line as media
from voicectl_daemon.media.growing import HEADER_BYTES, Backlog, Growing
from voicectl_daemon.store import Store
from voicectl_daemon.timetable import Timetable
from voicectl_daemon.work.drafts import Drafts

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
    with mounted(tmp_path / "disk", "size=24m") as folder:
        yield folder


@pytest.fixture
def small_site(site: Site, disk: Path, weights: Path) -> Iterator[Site]:
    """A site whose data folder is that disk."""
    site.home.folder.symlink_to(disk)
    yield site
    site.end()
    site.check()


def noise(call: str, words: int) -> CallRecord:
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
        store.save(noise(call, 400), call)
    ballast = fill(disk, spare * 1024)
    refused = 0
    for number in range(400):
        try:
            store.save(noise(f"call {number}", 400), str(number))
            kept.append(f"call {number}")
        except DiskFull:
            refused += 1
        if refused > 3:
            break
    assert refused
    store.close()  # a checkpoint, for which there is no room
    ballast.unlink()
    again = Store(disk / "store.duckdb")
    assert {line.id for line in again.lines(TENANT, 10_000, 0)} >= set(kept)
    again.save(noise("after", 10), "after")
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
    small_site: Site, disk: Path, spare: int, *, before: bool
) -> None:
    """In a new data folder, and in one that was used before."""

    def start() -> None:
        with Door.open() as door:
            assert door.status().calls == 0
            door.stop()
        small_site.wait_until(lambda: small_site.pid is None, "it leaves")

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


def add_until_full(ledger: Ledger, accepted: list[str]) -> None:
    while len(accepted) < 1000:
        accepted.append(add(ledger, *(f"call {number}" for number in range(50))))


def test_a_ledger_without_room_loses_nothing(disk: Path) -> None:
    ledger = Ledger(disk / "ledger.sqlite")
    job = add(ledger, "a", "b")
    task = claim(ledger)
    ballast = fill(disk)
    accepted: list[str] = []
    with pytest.raises(DiskFull) as full:
        add_until_full(ledger, accepted)
    assert "make room" in full.value.hint
    assert states(ledger.tasks(job)) == ["running", "queued"]
    assert all(ledger.job(found).tasks == 50 for found in accepted)
    ballast.unlink()
    assert len(ledger.finish(task.id, "me")) == 1
    ledger.close()
    again = Ledger(disk / "ledger.sqlite")
    assert states(again.tasks(job)) == ["done", "queued"]
    again.close()


@pytest.mark.parametrize("spare", [0, 64, 300])
def test_a_table_for_which_there_is_no_room(disk: Path, spare: int) -> None:
    """Not even for its folder, and for a part of it."""
    store = Store(disk / "store.duckdb")
    saved = [f"call {number}" for number in range(20)]
    for call in saved:
        store.save(noise(call, 500), call)
    ballast = fill(disk, spare * 1024)
    with pytest.raises(DiskFull, match="too little room beside the store"):
        store.parquet(TENANT, "segments", saved)
    ballast.unlink()
    store.parquet(TENANT, "segments", saved).close()
    store.close()


def save_until_full(store: Store, saved: list[str]) -> None:
    for number in range(10_000):
        store.save(
            record(f"call{number}", *(f"{number} {n} words" for n in range(50))), str(number)
        )
        saved.append(f"call{number}")


def test_a_full_disk_loses_no_call_and_work_goes_on(disk: Path) -> None:
    store = Store(disk / "store.duckdb")
    store.save(record("before"), "before")
    ballast = fill(disk, 5_000_000)
    saved: list[str] = []
    with pytest.raises(DiskFull):
        save_until_full(store, saved)
    for _ in range(3):
        with pytest.raises(DiskFull):
            save_until_full(store, saved)
    ballast.unlink()
    store.save(record("after"), "after")
    assert store.call("before") == record("before")
    assert store.call("after") == record("after")
    kept = {line.id for line in store.lines(TENANT, 10_000, 0)}
    assert kept >= set(saved)
    store.close()
    again = Store(disk / "store.duckdb")
    assert {line.id for line in again.lines(TENANT, 10_000, 0)} == kept
    again.close()


def test_a_deletion_without_room_is_finished_when_there_is_some(disk: Path) -> None:
    store = Store(disk / "store.duckdb")
    for number in range(30):
        store.save(record(f"call{number}", f"secret words {number} in clear"), str(number))
    ballast = fill(disk)
    with pytest.raises(DiskFull) as full:
        store.delete("call7")
    assert "by itself" in full.value.hint
    ballast.unlink()
    store.mend()
    if store.count(TENANT) == 30:
        store.delete("call7")
    assert store.count(TENANT) == 29
    store.close()
    assert b"secret words 7 in" not in bytes_of(disk)
    assert b"secret words 8 in" in bytes_of(disk)


def test_a_full_disk_stops_nothing_for_good(
    small_site: Site, disk: Path, make_call: Callable[..., Path]
) -> None:
    with Door.open() as door:
        desk = Desk(door)
        pid = door.status().pid
        paths = [make_call("long", 0.0, 65.0)]
        paths += [make_call(str(number), float(number), 2.0) for number in range(4)]
        job = desk.ask(*paths)
        full = waited = False
        with desk.watch(job.id) as events:
            for event in events:
                if event.kind is EventKind.TASK_STARTED and not full:
                    ballast = fill(disk)
                    full = True
                elif event.kind is EventKind.TASK_REQUEUED:
                    assert "disk is probably full" in (event.detail or {})["text"]
                    assert door.status().disk_free < 100_000, "it still answers"
                    assert door.job(job.id).counts.get("done", 0) < 5
                    ballast.unlink(missing_ok=True)
                    waited = True
        assert waited
        assert set(states(door.tasks(job.id))) == {"done"}
        assert door.status().pid == pid, "without a restart"
        assert door.status().calls == 5


def ask_until_full(desk: Desk, calls: Path, taken: list[Job]) -> None:
    while len(taken) < 20:
        taken.append(desk.ask(*calls.iterdir()))


def test_work_that_is_handed_in_on_a_full_disk_is_refused_or_done(
    small_site: Site, disk: Path, calls: Path
) -> None:
    with Door.open() as door:
        desk = Desk(door)
        ballast = fill(disk)
        taken: list[Job] = []
        with pytest.raises(DiskFull):
            ask_until_full(desk, calls, taken)
        ballast.unlink()
        for job in taken:
            assert set(states(desk.wait(job))) == {"done"}
        assert set(states(desk.do(*calls.iterdir()))) == {"done"}


def test_how_a_schedule_ended_is_known_once_there_is_room(
    disk: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run is a script that ends when it is told to."""
    (disk / "home").mkdir()
    run = tmp_path / "python"
    run.write_text(f"#!/bin/sh\nwhile [ ! -e {tmp_path}/end ]; do sleep 0.02; done\n")
    run.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(run))
    nightly = Schedule(name="n", cron="@daily", recipe="transcribe", paths=("in",), output="out")
    ledger = Ledger(disk / "ledger.sqlite")
    errands = Errands(Timetable(ledger, [nightly], serving=True), Home(disk / "home"))
    errands.run(nightly)
    ballast = fill(disk)
    with pytest.raises(DiskFull):
        errands.timetable.begin("n")
    (tmp_path / "end").touch()
    wait_until(lambda: "cannot be written" in caplog.text, "there is no room to write it down")
    with pytest.raises(UsageError, match="runs already"):
        errands.run(nightly)
    ballast.unlink()
    wait_until(lambda: errands.timetable.lines()[0].state == "done", "it is written down")
    errands.stop()
    ledger.close()


def test_calls_on_a_line_go_on_without_the_ledger(disk: Path, tmp_path: Path) -> None:
    ledger = Ledger(disk / "ledger.sqlite")
    store = Store(tmp_path / "store.duckdb")
    books = Books(ledger, store, Drafts(tmp_path / "drafts", 60.0), Bus())
    board = main._switchboard(books, Config(), Home(tmp_path), tmp_path)
    sessions, calls = Sessions(ledger), board.calls
    board._from_line(media.Opened("first", "line", "channel", ("caller",), "127.0.0.1"))
    ballast = fill(disk)
    with pytest.raises(DiskFull):
        sessions.recorded("first", "probe")
    board._from_line(media.Opened("second", "line", "channel", ("caller",), "127.0.0.1"))
    for call in ("first", "second"):
        board._from_line(media.Recorded(call, f"{tmp_path}/{call}.wav", 8000))
        assert calls.find(TENANT, call).call.recording == f"{tmp_path}/{call}.wav"
        board._from_line(media.Closed(call, "hung up", 16000))
        assert calls.find(TENANT, call).call.reason == "hung up"
    assert sessions.owed() == [], "nobody could write down that they are over"
    ballast.unlink()
    assert sessions.close_all("the next daemon") == ["first"]
    assert [call.id for call in sessions.owed()] == ["first"]
    store.close()
    ledger.close()


def test_a_recording_begins_once_there_is_room(disk: Path) -> None:
    ballast = fill(disk)
    before = psutil.Process().num_fds()
    growing = Growing(disk / "call.wav", 8000, 1, Backlog())
    for _ in range(3):
        with pytest.raises(OSError, match="No space left"):
            growing.write()
    assert not (disk / "call.wav").exists()
    assert psutil.Process().num_fds() == before
    ballast.unlink()
    growing.close()
    assert (disk / "call.wav").stat().st_size == HEADER_BYTES
