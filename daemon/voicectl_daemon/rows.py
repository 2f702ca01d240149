"""Rows of the ledger as the values that the rest of the daemon knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from voicectl import parse
from voicectl.types import Audio, Job, Outputs, Problem, Task, TaskState


class Row(Protocol):
    """What a query found, by the names of its columns."""

    def __getitem__(self, column: str, /) -> Any:
        """Return the value in one column."""


class Wishes(NamedTuple):
    """What a job asks for."""

    steps: bytes
    """JSON."""
    force: bool
    """Redo what is done."""
    fail_fast: bool


def job_of(row: Row, states: Sequence[Row]) -> Job:
    """Return a job; `states` has one line for each state in which some of its tasks are."""
    return Job(
        id=row["id"],
        tenant=row["tenant"],
        recipe=row["recipe"],
        created=datetime.fromtimestamp(row["created"], UTC),
        state=row["state"],
        tasks=sum(line["n"] for line in states),
        counts={line["state"]: line["n"] for line in states},
        seconds=sum(line["seconds"] or 0.0 for line in states),
        skipped=sum(line["skipped"] for line in states),
        outputs=parse.json(row["outputs"], Outputs),
        command=row["command"],
    )


def task_of(row: Row) -> Task:
    """Return a task."""
    audio = parse.json(row["audio"], Audio) if row["audio"] else None
    return Task(
        id=row["id"],
        job=row["job"],
        tenant=row["tenant"],
        seq=row["seq"],
        path=row["path"],
        name=row["name"],
        state=TaskState(row["state"]),
        key=row["key"],
        call=row["call"],
        seconds=audio.seconds if audio else None,
        done_seconds=row["done_seconds"],
        skipped=bool(row["skipped"]),
        attempts=row["attempts"],
        error=parse.json(row["error"], Problem) if row["error"] else None,
    )
