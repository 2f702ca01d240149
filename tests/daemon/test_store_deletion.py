"""What is deleted is gone from the file, whatever is killed or full; what is kept stays."""

from __future__ import annotations

import itertools
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.daemon.test_store import TENANT, record
from voicectl.errors import DiskFull, VoicectlError
from voicectl_daemon.store import Store


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_deleted_call_leaves_no_byte(store: Store, tmp_path: Path) -> None:
    for number in range(10):
        store.save(record(f"call{number}", f"secret words {number} in clear"), f"key{number}")
    store.save(record("call7", "other secret of seven"), "another key")
    store.delete("call7")
    left = bytes_of(tmp_path)
    for gone in (b"secret words 7 in", b"other secret of seven", b"call7.wav", b"sha call7"):
        assert gone not in left
    assert store.count(TENANT) == 9
    assert store.call("call8") == record("call8", "secret words 8 in clear")
    for number in range(10):
        if number != 7:
            store.delete(f"call{number}")
    store.close()
    assert b"secret" not in bytes_of(tmp_path)


def again_and_again(
    work: Callable[[], None], stop: threading.Event, wrong: list[Exception]
) -> None:
    try:
        while not stop.is_set():
            work()
    except Exception as error:  # noqa: BLE001
        wrong.append(error)


def test_delete_while_others_read_and_write(store: Store) -> None:
    store.save(record("kept"), "kept")
    stop, wrong = threading.Event(), list[Exception]()
    numbers = itertools.count()

    def read() -> None:
        assert store.call("kept") == record("kept")
        store.search(TENANT, "hello", 10)

    def write() -> None:
        number = next(numbers)
        store.save(record(f"new{number}"), f"new{number}")

    threads = [
        threading.Thread(target=again_and_again, args=(work, stop, wrong))
        for work in (read, read, write)
    ]
    for thread in threads:
        thread.start()
    for number in range(5):
        store.save(record(f"doomed{number}"), f"doomed{number}")
        store.delete(f"doomed{number}")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not [line for line in store.lines(TENANT, 10_000, 0) if line.id.startswith("doomed")]


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from voicectl_daemon import duck
from voicectl_daemon.store import Store

step = int(sys.argv[2])
def here(number):
    if number == step:
        os.kill(os.getpid(), signal.SIGKILL)

copy, replace, owe = duck._copy, Path.replace, duck.Duck.owe
def watched_owe(self):
    owe(self)
    here(0)
def watched_copy(old, fresh):
    here(1)
    if step == 5:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGKILL)).start()
    copy(old, fresh)
    here(2)
def watched_replace(self, target):
    here(3)
    found = replace(self, target)
    here(4)
    return found
duck.Duck.owe, duck._copy, Path.replace = watched_owe, watched_copy, watched_replace
Store(Path(sys.argv[1])).delete("doomed")
"""


def deletion_killed_at(path: Path, step: int) -> Store:
    """A store of 21 calls in which a deletion was killed, opened again."""
    store = Store(path)
    kept = {f"key{number}": record(f"kept{number}", f"public {number}") for number in range(20)}
    store.save_all(kept)
    store.save(record("doomed", "secret words"), "doomed")
    store.close()
    ended = subprocess.run([sys.executable, "-c", KILLED, path, str(step)], check=False)
    assert ended.returncode in ((-signal.SIGKILL, 0) if step == 5 else (-signal.SIGKILL,))
    return Store(path)


def test_a_deletion_that_is_killed_before_it_began_changed_nothing(path: Path) -> None:
    store = deletion_killed_at(path, 0)
    assert store.count(TENANT) == 21
    assert store.call("doomed") == record("doomed", "secret words")
    store.delete("doomed")
    store.close()
    assert b"secret" not in bytes_of(path.parent)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_a_rewrite_that_is_killed_is_finished_later(path: Path, step: int) -> None:
    store = deletion_killed_at(path, step)
    assert store.count(TENANT) == 20
    for number in range(20):
        assert store.call(f"kept{number}") == record(f"kept{number}", f"public {number}")
    store.close()
    assert b"secret" not in bytes_of(path.parent)
    assert sorted(found.name for found in path.parent.iterdir()) == ["store.duckdb"]


def test_spilt_queries_of_a_killed_daemon_are_removed(path: Path) -> None:
    Store(path).close()
    spilt = path.with_name("store.duckdb.tmp") / "duckdb_temp_storage-0.tmp"
    spilt.parent.mkdir()
    spilt.write_bytes(b"secret")
    Store(path).close()
    assert not spilt.parent.exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return ballast


@pytest.mark.root
@pytest.mark.parametrize("spare", [0, 64, 300])
def test_a_table_for_which_there_is_no_room(small_disk: Path, spare: int) -> None:
    """Not even for its folder, and for a part of it."""
    store = Store(small_disk / "store.duckdb")
    saved = [f"call{number}" for number in range(20)]
    for call in saved:
        store.save(record(call, *(secrets.token_hex(400) for _ in range(10))), call)
    ballast = fill(small_disk)
    with ballast.open("r+b") as file:
        file.truncate(ballast.stat().st_size - spare * 1024)
    with pytest.raises(DiskFull, match="too little room beside the store"):
        store.parquet(TENANT, "segments", saved)
    ballast.unlink()
    store.parquet(TENANT, "segments", saved).close()
    store.close()


def test_a_table_that_cannot_be_made_for_another_reason(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    store = Store(folder / "store.duckdb")
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(VoicectlError, match="could not be made: No such file") as caught:
        store.parquet(TENANT, "calls", [])
    assert not isinstance(caught.value, DiskFull)
    store.close()


def save_until_full(store: Store, saved: list[str]) -> None:
    for number in range(10_000):
        store.save(
            record(f"call{number}", *(f"{number} {n} words" for n in range(50))), str(number)
        )
        saved.append(f"call{number}")


@pytest.mark.root
def test_a_full_disk_loses_no_call_and_work_goes_on(small_disk: Path) -> None:
    store = Store(small_disk / "store.duckdb")
    store.save(record("before"), "before")
    (small_disk / "ballast").write_bytes(bytes(11_000_000))
    saved: list[str] = []
    with pytest.raises(DiskFull):
        save_until_full(store, saved)
    for _ in range(3):
        with pytest.raises(DiskFull):
            save_until_full(store, saved)
    (small_disk / "ballast").unlink()
    store.save(record("after"), "after")
    assert store.call("before") == record("before")
    assert store.call("after") == record("after")
    kept = {line.id for line in store.lines(TENANT, 10_000, 0)}
    assert kept >= set(saved)
    store.close()
    again = Store(small_disk / "store.duckdb")
    assert {line.id for line in again.lines(TENANT, 10_000, 0)} == kept
    again.close()


@pytest.mark.root
def test_a_deletion_without_room_is_finished_when_there_is_some(small_disk: Path) -> None:
    store = Store(small_disk / "store.duckdb")
    for number in range(30):
        store.save(record(f"call{number}", f"secret words {number} in clear"), str(number))
    ballast = fill(small_disk)
    with pytest.raises(DiskFull) as full:
        store.delete("call7")
    assert "by itself" in full.value.hint
    ballast.unlink()
    store.mend()
    if store.count(TENANT) == 30:
        store.delete("call7")
    assert store.count(TENANT) == 29
    store.close()
    assert b"secret words 7 in" not in bytes_of(small_disk)
    assert b"secret words 8 in" in bytes_of(small_disk)
