"""How it ended: what was written, what failed and why, and what the shell is told."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from rich.text import Text

from voicectl.cli import show
from voicectl.errors import ExitStatus, ModelMissing, VoicectlError
from voicectl.types import Problem, TaskState

MOST_ROWS = 40
"""Rows of a table that a person still reads; failures are always shown."""


@dataclass(frozen=True, slots=True)
class Written:
    """One file of one recording."""

    path: str
    format: str
    new: bool
    """False when the very same file was there already."""


@dataclass(slots=True)
class Result:
    """What became of one recording."""

    name: str
    path: str
    state: TaskState = TaskState.FAILED
    task: str | None = None
    call: str | None = None
    seconds: float | None = None
    skipped: bool = False
    took: float | None = None
    language: str | None = None
    model: str | None = None
    files: tuple[Written, ...] = ()
    warnings: tuple[str, ...] = ()
    """What is wrong with the recording but did not stop it."""
    error: Problem | None = None

    @property
    def good(self) -> bool:
        """True when the result is in the store and every file that was wanted is written."""
        return self.state.good and self.error is None

    @property
    def partial(self) -> bool:
        """True when a step failed and what those before it found is in the store."""
        return self.state is TaskState.PARTIAL


@dataclass(slots=True)
class Outcome:
    """What became of a job, with whatever never got into it."""

    job: str | None
    results: list[Result] = field(default_factory=list)
    wall: float = 0.0
    """Seconds from the first work to the last, as watched."""
    worked: float = 0.0
    """Seconds of audio worked through in that time."""
    interrupted: bool = False
    told: frozenset[str] = frozenset()
    """What was said of failures already."""


def problem_of(error: VoicectlError) -> Problem:
    """Return an error as a part of a result."""
    return Problem(error.code, error.text, error.hint)


def never_started(name: str, error: VoicectlError) -> Result:
    """Return the result of what could not even be asked for."""
    return Result(name=name, path=name, error=problem_of(error))


def verdict(outcome: Outcome) -> ExitStatus:
    """Return what the shell is told."""
    bad = [result for result in outcome.results if not result.good]
    cancelled = [result for result in bad if result.state is TaskState.CANCELLED]
    if outcome.interrupted or (bad and len(cancelled) == len(bad)):
        return ExitStatus.INTERRUPTED
    if not bad:
        return ExitStatus.OK
    if len(bad) < len(outcome.results) or any(result.partial for result in bad):
        return ExitStatus.SOME_FAILED
    codes = {result.error.code for result in bad if result.error}
    return ExitStatus.MODEL_MISSING if codes == {ModelMissing.code} else ExitStatus.ALL_FAILED


def totals(outcome: Outcome) -> str:
    """Return the whole outcome in one line."""
    results = outcome.results
    good = [result for result in results if result.good]
    before = sum(result.skipped for result in good)
    # What still runs after Ctrl-C has been told to stop.
    cancelled = sum(
        result.state is TaskState.CANCELLED or not result.state.final for result in results
    )
    partial = sum(result.partial for result in results)
    failed = len(results) - len(good) - partial - cancelled
    parts = [
        (len(good) - before, "done"),
        (before, "already done"),
        (partial, "partial"),
        (failed, "failed"),
        (cancelled, "cancelled"),
    ]
    line = ", ".join(f"{number:,} {word}" for number, word in parts if number) or "nothing to do"
    if outcome.worked and outcome.wall:
        speed = outcome.worked / outcome.wall
        line += f"; {show.length(outcome.worked)} of audio in {show.length(outcome.wall)}"
        line += f" ({speed:.1f}x)"
    return line


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome for programs."""
    return {
        "job": outcome.job,
        "exit_status": int(verdict(outcome)),
        "interrupted": outcome.interrupted,
        "recordings": outcome.results,
    }


def report(outcome: Outcome, *, json: bool, quiet: bool) -> None:
    """Tell how it ended: what was written on stdout, what failed and totals on stderr."""
    answer(outcome, json=json, quiet=quiet)
    tell(outcome, quiet=quiet)


def answer(outcome: Outcome, *, json: bool, quiet: bool) -> None:
    """Print on stdout what was written."""
    if json:
        show.answer_json(as_json(outcome))
    elif not show.on_terminal():
        for result in outcome.results:
            for file in result.files:
                show.answer(_near(file.path))
    elif not quiet:
        _table([result for result in outcome.results if result.good])


def tell(outcome: Outcome, *, quiet: bool) -> None:
    """Tell on stderr what failed and, unless `quiet`, the totals."""
    _warnings([result for result in outcome.results if not result.skipped])
    _failures(outcome)
    if not quiet:
        _other_names(outcome.results)
        show.note(totals(outcome))


def _warnings(results: Sequence[Result]) -> None:
    for result in results:
        if result.warnings:
            _tell(("warning  ", "yellow"), show.about(result.name, "; ".join(result.warnings)))


def _other_names(results: Sequence[Result]) -> None:
    """Tell of new files that are called by the id of their call, and why."""
    named = [
        file.path
        for result in results
        for file in result.files
        if file.new and result.call and f"-{result.call}." in PurePath(file.path).name
    ]
    if named:
        show.note(
            f"{PurePath(named[0]).name} has the id of its call in its name, for files without it "
            "were there already and are not this call's: docs/operations.md, Data folder"
        )


def _failures(outcome: Outcome) -> None:
    errors = [(each.name, each.error) for each in outcome.results if each.error is not None]
    sentences = [show.about(name, error.text) for name, error in errors]
    for sentence in sentences:
        if sentence not in outcome.told:
            _tell(("failed  ", "red"), sentence)
    for hint in dict.fromkeys(error.hint for _, error in errors if error.hint):
        show.note(f"  hint: {hint}")


def _tell(kind: tuple[str, str], sentence: str) -> None:
    show.stderr().print(Text.assemble(kind, show.text(sentence)), soft_wrap=True)


def _table(kept: Sequence[Result]) -> None:
    shown = kept if len(kept) <= MOST_ROWS else kept[: MOST_ROWS - 1]
    if shown:
        show.table(("Recording", "Length>", "Result", "Files"), [_row(each) for each in shown])
    if len(shown) < len(kept):
        show.note(f"... and {len(kept) - len(shown):,} more")
    if shown:
        show.answer()


def _row(result: Result) -> tuple[str | Text, ...]:
    length = show.clock(result.seconds) if result.seconds is not None else ""
    return (result.name, length, _result(result), together([file.path for file in result.files]))


def _result(result: Result) -> Text:
    if result.partial:
        return Text("partial", style="yellow")
    if not result.skipped:
        return Text("done", style="green")
    new = any(file.new for file in result.files)
    return Text("files written" if new else "already done", style="dim")


def together(paths: Sequence[str]) -> str:
    """Return paths in short, files of one stem together: `calls/a.txt .srt`."""
    stems: dict[str, list[str]] = {}
    for path in paths:
        pure = PurePath(_near(path))
        stems.setdefault(str(pure.with_suffix("")), []).append(pure.suffix)
    return " ".join(f"{stem}{' '.join(endings)}" for stem, endings in stems.items())


def _near(path: str) -> str:
    """Return the path as seen from here when it lies below, else as it is."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)
