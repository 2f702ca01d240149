"""The file of the store: private, brought up to date, refused when it is not ours to open."""

from __future__ import annotations

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest

from tests.daemon.conftest import record
from voicectl.errors import ConfigError, DaemonBusy, VoicectlError
from voicectl_daemon.store import Store

SCHEMA = files("voicectl_daemon").joinpath("store.sql").read_text()
NEWEST = SCHEMA.count("-- migration ")


def test_half_a_table_of_a_killed_daemon_is_removed(path: Path) -> None:
    left = path.with_name("store.export-abc")
    left.mkdir()
    (left / "scratch").write_bytes(b"words of a call")
    Store(path).close()
    assert not left.exists()


def test_the_store_is_private(store: Store, path: Path) -> None:
    store.save(record(), "key1")
    assert path.stat().st_mode & 0o777 == 0o600


OLD_ROWS = (
    "INSERT INTO book.calls VALUES ('old','default','sha','old.wav','/old.wav',1.5,8000,2,'x',"
    "'2026-01-02')",
    "INSERT INTO book.transcripts VALUES ('key','old','default',true,'transcribe','en',0.5,"
    "'tiny.en',1.0,[])",
    "INSERT INTO book.segments VALUES ('key','old','default',0,0.0,1.0,'Hello.',NULL,0,'en',0.5,"
    "NULL,[],NULL)",
)


def old_store(path: Path) -> None:
    """A store with one call, as the first voicectl made it."""
    first = SCHEMA.split("-- migration 1\n")[1].split("-- migration 2\n")[0]
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE SCHEMA book; CREATE TABLE book.version AS SELECT 1 AS version")
        for statement in (first, *OLD_ROWS):
            db.execute(statement)


def test_an_older_store_is_brought_up_to_date(path: Path) -> None:
    old_store(path)
    for _ in range(2):
        store = Store(path)
        kept = store.call("old")
        assert kept.transcript is not None
        assert kept.transcript.text == "Hello."
        assert kept.audio.warnings == ()
        assert kept.entities == kept.labels == kept.scores == kept.risks == ()
        assert kept.summary is None
        assert kept.translation is None
        assert store.has("key"), "what older versions kept was whole"
        asked = "SELECT name, warnings, whole FROM calls"
        assert store.sql(asked, 9).rows == (("old.wav", None, True),)
        store.close()
    store = Store(path)
    store.save(record(), "new")
    assert store.call("call1") == record()
    store.close()


def test_a_newer_store_is_refused_and_left_as_it_is(path: Path) -> None:
    Store(path).close()
    with duckdb.connect(str(path)) as db:
        db.execute("UPDATE book.version SET version=99")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="newer voicectl .schema 99") as refused:
        Store(path)
    assert "nothing was changed" in refused.value.hint
    assert path.read_bytes() == before


def test_a_damaged_store_is_named(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(VoicectlError, match=r"store.duckdb cannot be read"):
        Store(path)


def test_a_store_that_another_program_has_open_is_named(store: Store, path: Path) -> None:
    code = "import sys; from pathlib import Path; from voicectl_daemon.store import Store\n"
    code += "try: Store(Path(sys.argv[1]))\nexcept Exception as error: print(repr(error))"
    ran = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith(DaemonBusy.__name__)
    assert "PID" in ran.stdout
