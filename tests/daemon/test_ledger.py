"""The ledger's file: what is asked for is written down, whatever voicectl made the file."""

from __future__ import annotations

import sqlite3
from importlib.resources import files
from pathlib import Path

import pytest

from tests.daemon.conftest import TENANT, add, claim
from voicectl.errors import ConfigError, NotFound, UsageError, VoicectlError
from voicectl.types import Ask, Outputs, Source, TaskState
from voicectl_daemon.ledger import Ledger


def test_a_job_is_written_down_as_it_was_asked_for(ledger: Ledger) -> None:
    outputs = Outputs("/out", ("txt", "json"), {"colour": True})
    ask = Ask((Source("/a b.wav", "a b.wav"),), outputs=outputs, command="voicectl transcribe")
    job = ledger.add_job(ask, b"[]", TENANT)
    assert job.state == "planning"
    assert job.outputs == outputs
    assert job.command == "voicectl transcribe"
    assert job.counts == {"new": 1}
    (task,) = ledger.tasks(job.id)
    assert (task.path, task.name, task.seq) == ("/a b.wav", "a b.wav", 0)
    assert task.state is TaskState.NEW
    assert task.seconds is None


def test_a_job_is_found_by_the_beginning_of_its_id(ledger: Ledger) -> None:
    job = ledger.add_job(Ask((Source("/a", "a"),)), b"[]", TENANT).id
    assert ledger.find_job(TENANT, job[:4]) == job
    with pytest.raises(NotFound):
        ledger.find_job(TENANT, "nothing")
    with pytest.raises(NotFound):
        ledger.find_job("another tenant", job)
    ledger.add_job(Ask((Source("/a", "a"),)), b"[]", TENANT)
    with pytest.raises(UsageError, match="more than one"):
        ledger.find_job(TENANT, "")


def old_ledger(path: Path, version: int) -> None:
    """A ledger as an earlier voicectl made it."""
    text = files("voicectl_daemon").joinpath("ledger.sql").read_text()
    first = text.split("-- migration 1\n")[1].split("-- migration 2\n")[0]
    with sqlite3.connect(path) as db:
        db.executescript(first)
        db.execute(
            "INSERT INTO job VALUES ('j','default',1.0,'transcribe','[]','{}','cmd',0,0,'running')"
        )
        db.execute(
            "INSERT INTO task (id, job, tenant, seq, path, name, state, audio, key, call) "
            "VALUES ('t','j','default',0,'/a','a','queued',"
            '\'{"path":"/a","name":"a","seconds":2,"rate":8000,"channels":2,"codec":"x",'
            "\"sha256\":\"y\"}', 'key', 'call')"
        )
        db.execute(f"PRAGMA user_version={version}")
    db.close()


def test_an_older_ledger_is_brought_up_to_date(tmp_path: Path) -> None:
    old_ledger(tmp_path / "ledger.sqlite", 1)
    ledger = Ledger(tmp_path / "ledger.sqlite")
    task = claim(ledger)
    assert (task.name, task.seconds) == ("a", 2.0)
    ledger.cancel("j")
    assert ledger.unwanted(task.id)
    ledger.close()
    Ledger(tmp_path / "ledger.sqlite").close()


def test_a_newer_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    old_ledger(path, 99)
    with pytest.raises(ConfigError, match="newer voicectl .schema 99") as refused:
        Ledger(path)
    assert "nothing was changed" in refused.value.hint
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM job").fetchone() == (1,)
        assert db.execute("PRAGMA user_version").fetchone() == (99,)
    db.close()


def test_a_damaged_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(VoicectlError, match="ledger.sqlite cannot be read"):
        Ledger(tmp_path / "ledger.sqlite")


def test_the_ledger_is_private(ledger: Ledger, tmp_path: Path) -> None:
    add(ledger, "a")
    for path in tmp_path.glob("ledger.sqlite*"):
        assert path.stat().st_mode & 0o077 == 0, path
