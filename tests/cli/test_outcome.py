"""How a command ends, and what the shell is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from voicectl.cli import outcome, show
from voicectl.cli.outcome import Outcome, Result, Written
from voicectl.errors import DiskFull, ExitStatus, ModelMissing, NotFound
from voicectl.types import Problem, TaskState

DONE = Result("a.wav", "/a.wav", TaskState.DONE, seconds=60.0)
BEFORE = Result("b.wav", "/b.wav", TaskState.DONE, skipped=True)
FAILED = Result("c.wav", "/c.wav", TaskState.FAILED, error=Problem("undecodable", "no audio"))
PARTIAL = Result("p.wav", "/p.wav", TaskState.PARTIAL, error=Problem("error", "a step failed"))
CANCELLED = Result("d.wav", "/d.wav", TaskState.CANCELLED)
UNWRITTEN = Result("e.wav", "/e.wav", TaskState.DONE, error=outcome.problem_of(DiskFull("no room")))
NO_MODEL = Result("f.wav", "/f.wav", error=outcome.problem_of(ModelMissing("no model")))
GONE = outcome.never_started("g.wav", NotFound("there is no file 'g.wav'", hint="look"))


@pytest.mark.parametrize(
    ("results", "status"),
    [
        ([], ExitStatus.OK),
        ([DONE, BEFORE], ExitStatus.OK),
        ([DONE, FAILED], ExitStatus.SOME_FAILED),
        ([BEFORE, UNWRITTEN], ExitStatus.SOME_FAILED),
        ([DONE, GONE], ExitStatus.SOME_FAILED),
        ([DONE, FAILED, CANCELLED], ExitStatus.SOME_FAILED),
        ([FAILED], ExitStatus.ALL_FAILED),
        ([FAILED, UNWRITTEN, GONE], ExitStatus.ALL_FAILED),
        ([FAILED, CANCELLED], ExitStatus.ALL_FAILED),
        ([NO_MODEL], ExitStatus.MODEL_MISSING),
        ([NO_MODEL, FAILED], ExitStatus.ALL_FAILED),
        ([DONE, NO_MODEL], ExitStatus.SOME_FAILED),
        ([PARTIAL], ExitStatus.SOME_FAILED),
        ([PARTIAL, FAILED], ExitStatus.SOME_FAILED),
        ([DONE, CANCELLED], ExitStatus.INTERRUPTED),
        ([CANCELLED], ExitStatus.INTERRUPTED),
    ],
)
def test_the_number_is_the_verdict(results: list[Result], status: ExitStatus) -> None:
    assert outcome.verdict(Outcome("job", results)) is status


def test_an_interruption_is_one_whatever_was_done() -> None:
    assert outcome.verdict(Outcome("job", [DONE], interrupted=True)) is ExitStatus.INTERRUPTED


def test_totals() -> None:
    running = Result("h.wav", "/h.wav", TaskState.RUNNING)
    results = [DONE, BEFORE, PARTIAL, FAILED, CANCELLED, running, GONE]
    assert outcome.totals(Outcome("job", results, 30.0, 60.0)) == (
        "1 done, 1 already done, 1 partial, 2 failed, 2 cancelled; 1 min of audio in 30 s (2.0x)"
    )
    assert outcome.totals(Outcome(None)) == "nothing to do"


def test_paths_in_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [f"{tmp_path}/o/a.txt", f"{tmp_path}/o/a.srt", "/srv/b.c.json"]
    assert outcome.together(paths) == "o/a.txt .srt /srv/b.c.json"


def test_in_a_pipe_the_answer_is_one_file_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    files = (Written(f"{tmp_path}/a.txt", "txt", True), Written("/srv/a.srt", "srt", False))
    done = Result("a.wav", "/a.wav", TaskState.DONE, files=files)
    outcome.report(Outcome("job", [done, FAILED, GONE]), json=False, quiet=False)
    told = capsys.readouterr()
    assert told.out == "a.txt\n/srv/a.srt\n"
    assert told.err == (
        "failed  c.wav: no audio\n"
        "failed  there is no file 'g.wav'\n"
        "  hint: look\n"
        "1 done, 2 failed\n"
    )


def test_files_that_are_called_by_the_id_of_their_call_are_explained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for new in (True, False):
        files = (Written("/o/a-c2mt2pr3z59s.en.txt", "en.txt", new),)
        outcome.tell(Outcome("job", [replace(DONE, call="c2mt2pr3z59s", files=files)]), quiet=False)
        assert ("a-c2mt2pr3z59s.en.txt has the id" in capsys.readouterr().err) is new


def test_quiet_means_only_problems(capsys: pytest.CaptureFixture[str]) -> None:
    outcome.report(Outcome("job", [DONE]), json=False, quiet=True)
    assert capsys.readouterr().err == ""
    outcome.report(Outcome("job", [DONE, FAILED]), json=False, quiet=True)
    assert capsys.readouterr().err == "failed  c.wav: no audio\n"


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    outcome.report(Outcome("job", [DONE, FAILED]), json=True, quiet=False)
    told = json.loads(capsys.readouterr().out)
    assert (told["job"], told["exit_status"], told["interrupted"]) == ("job", 1, False)
    assert told["recordings"][0]["seconds"] == 60.0
    assert told["recordings"][1]["error"] == {"code": "undecodable", "text": "no audio", "hint": ""}


def test_a_long_table_is_cut_but_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(show, "on_terminal", lambda: True)
    many = [Result(f"{at}.wav", f"/{at}.wav", TaskState.DONE, skipped=True) for at in range(100)]
    outcome.report(Outcome("job", [*many, FAILED]), json=False, quiet=False)
    told = capsys.readouterr()
    assert sum(".wav" in line for line in told.out.splitlines()) == outcome.MOST_ROWS - 1
    assert told.err.splitlines() == [
        "... and 61 more",
        "failed  c.wav: no audio",
        "100 already done, 1 failed",
    ]


@pytest.mark.parametrize(
    ("result", "word"),
    [
        (DONE, "done"),
        (BEFORE, "already done"),
        (replace(BEFORE, files=(Written("/b.txt", "txt", new=True),)), "files written"),
    ],
)
def test_the_table_tells_what_was_done(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    result: Result,
    word: str,
) -> None:
    monkeypatch.setattr(show, "on_terminal", lambda: True)
    outcome.report(Outcome("job", [result]), json=False, quiet=False)
    assert word in capsys.readouterr().out.splitlines()[1]
