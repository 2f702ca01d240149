"""`voicectl calls export`: files and tables of what is in the store."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import duckdb
import pytest

from voicectl.cli import values
from voicectl.cli.export import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

TEXTS = ("txt", "srt", "vtt", "tsv", "json", "csv", "md", "rttm")


def test_every_format_is_what_transcribe_writes(settled: Cli, tmp_path: Path) -> None:
    ran = settled.run("calls", "export", "-f", "all", "-o", tmp_path)
    assert (ran.status, ran.stderr) == (0, "")
    assert ran.stdout.split() == [str(tmp_path / f"call.{fmt}") for fmt in sorted(TEXTS)]
    for fmt in ("txt", "srt", "vtt", "tsv", "json"):
        written = settled.folder / "text" / f"call.{fmt}"
        assert (tmp_path / f"call.{fmt}").read_bytes() == written.read_bytes()
    again = settled.run("calls", "export", "-f", "all", "-o", tmp_path, "--json")
    assert {file["new"] for file in again.json} == {False}


def test_style_flags(settled: Cli, tmp_path: Path) -> None:
    shape = ("--max_line_width", "20", "--max-line-count=1")
    assert settled.run("calls", "export", "-f", "srt", "-o", tmp_path, *shape).status == 0
    lines = (tmp_path / "call.srt").read_text().splitlines()
    assert max(map(len, lines)) <= 30
    assert len(lines) > len((settled.folder / "text" / "call.srt").read_text().splitlines())


def test_stdout(settled: Cli) -> None:
    ran = settled.run("calls", "export", "last", "-f", "txt", "-o", "-")
    assert ran.stdout == (settled.folder / "text" / "call.txt").read_text()
    for wrong in (("-f", "txt,srt"), ("-f", "parquet"), ()):
        refused = settled.run("calls", "export", "last", "-o", "-", *wrong)
        assert (refused.status, refused.stdout) == (2, "")
        assert "one format of text" in refused.stderr
    none = settled.run("calls", "export", "-o", "-", "-f", "txt", "--language", "Swahili")
    assert none.status == 2
    assert "0 calls fit" in none.stderr


def test_tables_for_other_programs(settled: Cli, tmp_path: Path) -> None:
    ran = settled.run("calls", "export", "-f", "parquet", "-o", tmp_path / "bi")
    assert ran.status == 0, ran.stderr
    assert ran.stdout.split() == [str(tmp_path / "bi" / f"{name}.parquet") for name in TABLES]
    with duckdb.connect() as reader:
        for name in TABLES:
            file = tmp_path / "bi" / f"{name}.parquet"
            assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()
            (count,) = reader.execute(f"SELECT count(*) FROM '{file}'").fetchone() or ()
            asked = settled.run("sql", f"select count(*) as n from {name}", "--json").json
            assert count == asked[0]["n"]
            assert bool(count) == (name in ("calls", "segments", "words")), "nobody asked for more"


def _umask() -> int:
    before = os.umask(0)
    os.umask(before)
    return before


def test_who_is_chosen(settled: Cli, tmp_path: Path) -> None:
    def exported(*choice: str) -> list[str]:
        ran = settled.run("calls", "export", "-f", "txt", "-o", tmp_path, "--json", *choice)
        assert ran.status == 0, ran.stderr
        return [file["format"] for file in ran.json]

    for choice in (("--query", "CONFERENCE"), ("--name", "c*.wav"), ("--since", "2020-01-01")):
        assert exported(*choice) == ["txt"]
    for choice in (("--query", "%"), ("--name", "d*"), ("--until", "2020-01-01")):
        assert exported(*choice) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nobody",), "there is no call 'nobody'"),
        (("-f", "parkuet"), "did you mean 'parquet'?"),
        (("--since", "yesterday"), "--since: 'yesterday' is no date such as 2026-11-20"),
        (("--max_line_width", "0"), "see: voicectl calls export --help"),
    ],
)
def test_what_makes_no_sense(settled: Cli, arguments: tuple[str, ...], told: str) -> None:
    ran = settled.run("calls", "export", *arguments)
    assert (ran.status, ran.stdout) == (2, "")
    assert told in ran.stderr


def test_a_file_of_somebody_else_is_not_overwritten(settled: Cli, tmp_path: Path) -> None:
    for name in ("call.txt", "call.wav.txt"):
        (tmp_path / name).write_text("mine")
    ran = settled.run("calls", "export", "last", "-f", "txt", "-o", tmp_path)
    assert ran.status == 0
    assert (tmp_path / "call.txt").read_text() == "mine"
    assert ran.stdout.strip().rpartition("/call-")[0] == str(tmp_path)


def test_what_cannot_be_written(settled: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = settled.run("calls", "export", "last", "-f", "txt", "-o", tmp_path / "file")
    assert (ran.status, ran.stdout) == (3, "")
    assert f"cannot be written: {tmp_path}/file is no folder" in ran.stderr


def test_two_calls_with_one_name(fresh: Cli) -> None:
    for folder, start in (("monday", 0.0), ("tuesday", 30.0)):
        fresh.clip(f"{folder}/a.wav", start, 3.0)
    fresh.run("transcribe", "-r", ".", "-o", "t", "-f", "txt", "--model", "tiny.en")
    ran = fresh.run("calls", "export", "-f", "txt,parquet", "-o", "out")
    assert ran.status == 0, ran.stderr
    names = sorted(path.name for path in (fresh.folder / "out").glob("*.txt"))
    assert names == ["monday-a.wav.txt", "tuesday-a.wav.txt"]
    deleted = fresh.run("calls", "delete", "last", "-y")
    assert f"{fresh.folder}/out/" in deleted.stdout


def test_a_day_ends_at_its_end() -> None:
    assert values.end("2026-11-20") - values.moment("2026-11-20") == timedelta(days=1)
    assert values.end("2026-11-20T10:00") == values.moment("2026-11-20T10:00")
    assert values.moment("2026-11-20T10:00+03:00").utcoffset() is not None


@pytest.mark.parametrize("day", ["9999-12-31", "tomorrow", "0001-01-01T00:00+14:00"])
def test_what_is_no_day_of_any_calendar(day: str) -> None:
    """After the last day that can be written comes none."""
    with pytest.raises(ValueError, match="is no date such as"):
        values.end(day)
