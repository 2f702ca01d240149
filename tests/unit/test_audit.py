"""The audit log: whole lines, in order, private, whoever writes and whatever is cut off."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from voicectl.audit import SENDING, Log
from voicectl.errors import VoicectlError


def leave(log: Log, words: bytes = b"masked words") -> None:
    log.leave("anthropic", "claude", "call1", "api.example", words).ended("200")


def test_a_request_is_there_before_it_has_ended(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit.jsonl")
    assert log.requests() == []
    entry = log.leave("anthropic", "claude", "call1", "api.example", b"masked words")
    (request,) = log.requests()
    assert request.status == SENDING
    assert request.sha256 == hashlib.sha256(b"masked words").hexdigest()
    assert request.size == 12
    entry.ended("529")
    (request,) = log.requests()
    assert request.status == "529"
    assert b"masked words" not in (tmp_path / "audit.jsonl").read_bytes()
    assert (tmp_path / "audit.jsonl").stat().st_mode & 0o777 == 0o600


def test_who_was_given_an_original_is_told_apart(tmp_path: Path) -> None:
    log = Log(tmp_path / "audit.jsonl")
    leave(log)
    log.reveal("amina", "call1", 7)
    log.reveal("otieno", "call2", 8)
    assert [(each.user, each.revealed, each.size) for each in log.reveals()] == [
        ("otieno", "call2", 8),
        ("amina", "call1", 7),
    ]
    assert len(log.requests()) == 1


def test_half_a_line_of_a_power_cut_costs_that_line(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    log = Log(file)
    leave(log)
    with file.open("ab") as broken:
        broken.write(b'{"id":"x","at":"2026')
    leave(log)
    assert [each.status for each in log.requests()] == ["200", "200"]
    file.write_bytes(b"\xff\n[]\n{}\n7\n" + file.read_bytes())
    assert len(log.requests()) == 2


def test_a_log_that_cannot_be_written_lets_nothing_out(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "audit.jsonl").symlink_to(elsewhere)
    for path in (tmp_path / "audit.jsonl", tmp_path / "no folder" / "audit.jsonl", tmp_path):
        with pytest.raises(VoicectlError, match="cannot be written"):
            leave(Log(path))
    assert not elsewhere.exists()


def test_many_write_whole_lines(tmp_path: Path) -> None:
    file = tmp_path / "audit.jsonl"
    code = (
        "import sys; from pathlib import Path; from voicectl.audit import Log\n"
        "log = Log(Path(sys.argv[1]))\n"
        "for _ in range(50): log.leave('a', 'm', 'c', 'h', b'x').ended('200')"
    )
    writers = [subprocess.Popen([sys.executable, "-c", code, str(file)]) for _ in range(4)]
    assert [each.wait() for each in writers] == [0] * 4
    assert [each.status for each in Log(file).requests()] == ["200"] * 200
    assert len(file.read_bytes().splitlines()) == 400
