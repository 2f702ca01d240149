"""`voicectl calls` and `voicectl sql`: look at what was said, ask, delete."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from voicectl.cli import calls, conversation
from voicectl.results import Deleted
from voicectl.types import Audio, CallRecord, Transcript

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


def test_list(settled: Cli) -> None:
    told = settled.run("calls", "list").stdout.splitlines()
    assert told[0].split()[:3] == ["CALL", "RECORDING", "LENGTH"]
    assert "call.wav" in told[1]
    (line,) = settled.run("calls", "list", "--json").json
    assert (line["language"], line["speakers"]) == ("en", ["agent", "caller"])
    assert settled.run("calls", "list", "--offset", "1").stdout == ""


def test_show_is_a_conversation(settled: Cli) -> None:
    ran = settled.run("calls", "show")
    head, *turns = ran.stdout.splitlines()
    assert head.startswith("call.wav  1:11 · en · tiny.en · ")
    form = re.compile(r"\[\d\d:\d\d\.\d{3} --> \d\d:\d\d\.\d{3}\] (agent|caller): \S")
    assert len(turns) > 5
    assert all(form.match(turn) for turn in turns)
    starts = [turn[1:10] for turn in turns]
    assert starts == sorted(starts)
    whole = settled.run("calls", "show", head.split(" · ")[3][:5], "--json").json
    assert len(whole["transcript"]["segments"]) == len(turns)


def test_search(settled: Cli) -> None:
    ran = settled.run("calls", "search", "CONFERENCE")
    assert ran.status == 0
    rows = ran.stdout.splitlines()[1:]
    assert rows
    assert all("call.wav" in row and "conference" in row.lower() for row in rows)
    hits = settled.run("calls", "search", "conference", "--json").json
    assert {hit["speaker"] for hit in hits} == {"agent"}
    none = settled.run("calls", "search", "%nobody_said%")
    assert (none.status, none.stdout) == (0, "")
    assert "nobody said '%nobody_said%'" in none.stderr


def test_sql(settled: Cli) -> None:
    query = "select speaker, count(*) as n from segments group by speaker order by speaker"
    rows = settled.run("sql", query, "--json").json
    assert [row["speaker"] for row in rows] == ["agent", "caller"]
    read = list(csv.DictReader(io.StringIO(settled.run("sql", query, "--csv").stdout)))
    assert [{"speaker": row["speaker"], "n": int(row["n"])} for row in read] == rows
    table = settled.run("sql", query).stdout.splitlines()
    assert [line.split() for line in table] == [
        ["SPEAKER", "N"],
        *([row["speaker"], str(row["n"])] for row in rows),
    ]


def test_a_column_that_is_not_there_is_answered_with_how_to_see_them(settled: Cli) -> None:
    ran = settled.run("sql", "select txt from segments")
    assert ran.status == 2
    assert 'Referenced column "txt" not found' in ran.stderr
    assert "LINE 1" not in ran.stderr
    assert "voicectl sql 'describe segments'" in ran.stderr
    columns = settled.run("sql", "describe segments", "--json").json
    assert "text" in [column["column_name"] for column in columns]


def test_what_is_no_id_leads_to_no_other_call(settled: Cli) -> None:
    for odd in ("last?x=1", "last#", "last/../last", "..", "%6cast", ""):
        for words in (("show", odd), ("delete", odd, "--yes"), ("rate", odd, "3")):
            ran = settled.run("calls", *words)
            assert ran.status == 2
            assert f"'{odd}'" in ran.stderr
    assert settled.run("jobs", "show", "a/b").stderr == "voicectl: there is nothing called 'a/b'\n"
    assert settled.run("calls", "show", "last").status == 0


def test_sql_says_when_there_is_more(settled: Cli) -> None:
    ran = settled.run("sql", "select text from segments", "--limit", "1")
    assert len(ran.stdout.splitlines()) == 2
    assert "only the first 1 rows" in ran.stderr


def test_sql_refuses_what_is_no_question(settled: Cli) -> None:
    for query in (
        "delete from segments",
        "select 1; select 2",
        "selec 1",
        "copy segments to '/tmp/x'",
    ):
        ran = settled.run("sql", query)
        assert (ran.status, ran.stdout) == (2, "")
        assert ran.stderr.startswith("voicectl: ")


def test_control_characters_of_the_store_stay_there(settled: Cli) -> None:
    query = "select chr(27) || '[31mred' as x, chr(8238) as y"
    shown = settled.run("sql", query).stdout
    assert "\\x1b[31mred" in shown
    assert "\x1b" not in shown
    told = settled.run("sql", query, "--json")
    assert "\u202e" not in told.stdout
    assert told.json == [{"x": "\x1b[31mred", "y": "\u202e"}]


def test_no_calls_yet(cli: Cli) -> None:
    listed = cli.run("calls", "list")
    assert (listed.status, listed.stdout) == (0, "")
    assert cli.run("calls", "list", "--json").json == []
    for command in ("show", "delete"):
        ran = cli.run("calls", command, "last")
        assert ran.status == 2
        assert "there is no call yet" in ran.stderr


def test_the_last_call_is_the_one_that_was_asked_for_last(fresh: Cli) -> None:
    for name, start in (("a.wav", 0.0), ("b.wav", 30.0)):
        fresh.clip(name, start, 3.0)
    for name in ("a.wav", "b.wav", "a.wav"):
        fresh.run("transcribe", name, "-f", "txt", "--model", "tiny.en")
        assert fresh.run("calls", "show", "--json").json["audio"]["name"] == name
    fresh.run("calls", "export", "last", "-f", "md")
    assert [path.name for path in fresh.folder.glob("*.md")] == ["a.md"]
    assert [call["name"] for call in fresh.run("calls", "list", "--json").json] == [
        "b.wav",
        "a.wav",
    ]


def test_every_job_keeps_its_own_result(fresh: Cli) -> None:
    fresh.clip("a.wav", 0.0, 3.0)
    fresh.clip("b.wav", 30.0, 3.0)
    for model, names in (("tiny.en", ("a.wav",)), ("base", ("a.wav", "b.wav"))):
        fresh.run("transcribe", *names, "-o", "text", "-f", "txt", "--model", model)
    two, one = (job["id"] for job in fresh.run("jobs", "list", "--json").json)
    call = fresh.run("calls", "show", "--job", one, "--json").json["id"]
    for job, model in ((one, "tiny.en"), (two, "base")):
        ran = fresh.run("calls", "show", call, "--job", job, "--json")
        assert ran.json["transcript"]["model"] == model
    ran = fresh.run("calls", "show", "--job", two)
    assert (ran.status, ran.stdout) == (2, "")
    assert f"the job {two} found something in 2 calls" in ran.stderr
    assert f"hint: see which: voicectl jobs show {two}" in ran.stderr
    ran = fresh.run("calls", "show", "zz", "--job", two)
    assert f"the job {two} has no result of the call 'zz'" in ran.stderr


def test_delete_removes_what_was_written_and_keeps_the_recording(fresh: Cli) -> None:
    recording = fresh.clip("a.wav")
    fresh.run("transcribe", "a.wav", "-o", "text", "-f", "txt,srt", "--model", "tiny.en")
    asked = fresh.run("calls", "delete", "last")
    assert asked.status == 2
    assert "hint: say that you mean it with --yes" in asked.stderr
    assert (fresh.folder / "text/a.txt").exists()
    deleted = fresh.run("calls", "delete", "last", "--yes")
    assert deleted.status == 0, deleted.stderr
    assert sorted(deleted.stdout.split()) == [
        f"{fresh.folder}/text/a.srt",
        f"{fresh.folder}/text/a.txt",
    ]
    assert list((fresh.folder / "text").iterdir()) == []
    assert recording.exists()
    assert fresh.run("calls", "list", "--json").json == []


def test_delete_takes_the_recording_only_when_asked(fresh: Cli) -> None:
    recording = fresh.clip("a.wav")
    fresh.run("transcribe", "a.wav", "-f", "txt", "--model", "tiny.en")
    ran = fresh.run("calls", "delete", "last", "-y", "--with-recording", "--json")
    assert str(recording) in ran.json["removed"]
    assert not recording.exists()


def test_what_the_daemon_may_not_remove_is_removed_here(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "folder").mkdir()
    left = (str(tmp_path / "a.txt"), str(tmp_path / "gone.txt"), str(tmp_path / "folder"))
    deleted = calls.finish(Deleted("call", ("/b.txt",), left))
    assert deleted.removed == ("/b.txt", *left[:2])
    assert deleted.left == left[2:]
    assert not (tmp_path / "a.txt").exists()


def record(transcript: Transcript | None) -> CallRecord:
    audio = Audio("/a.wav", "a\x1b.wav", 70.6, 8000, 1, "pcm_s16le", "0" * 64)
    return CallRecord("call1", "default", audio, datetime.now(UTC), transcript)


@pytest.mark.parametrize(
    ("transcript", "head", "story"),
    [
        (None, "1:11 · call1 · ", "nothing is known of what was said\n"),
        (Transcript((), None, "base"), "1:11 · base · call1 · ", "nobody says anything in it\n"),
        (
            Transcript((), "en", "base", task="translate"),
            "1:11 · translated to en · base · call1 · ",
            "nobody says anything in it\n",
        ),
    ],
)
def test_a_call_without_words(
    capsys: pytest.CaptureFixture[str], transcript: Transcript | None, head: str, story: str
) -> None:
    conversation.show(record(transcript))
    told = capsys.readouterr()
    assert told.out.startswith(f"a\\x1b.wav  {head}")
    assert told.err == story
