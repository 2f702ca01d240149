"""What is deleted is gone from the file, whatever is killed or full; what is kept stays."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon.conftest import TENANT, bytes_of, record
from voicectl.translated import TranslatedSegment, Translation
from voicectl.understanding import Entity, Sentence, Summary
from voicectl_daemon.store import Store


def test_a_deleted_call_leaves_no_byte(store: Store, tmp_path: Path) -> None:
    for number in range(10):
        store.save(record(f"call{number}", f"secret words {number} in clear"), f"key{number}")
    name = Entity("NAME", "secret name of seven", 0, 0, 5, 0.5)
    told = Summary((Sentence("secret sentence of seven", (0,)),), "extractive")
    english = Translation("en", (TranslatedSegment(0, "secret English of seven"),), "nllb", "600M")
    seven = record(
        "call7", "other secret of seven", entities=(name,), summary=told, translation=english,
        translated_entities=(name,),
    )  # fmt: skip
    store.save_all({"another key": seven}, unfinished={"another key": "secret job"})
    assert b"secret" in bytes_of(tmp_path)
    store.delete("call7")
    left = bytes_of(tmp_path)
    for gone in (b"secret words 7 in", b"of seven", b"secret job", b"call7.wav", b"sha call7"):
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
    except Exception as error:  # noqa: BLE001, shown by the test's own thread
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
