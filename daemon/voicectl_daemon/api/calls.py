"""Calls: list, show, search, ask in SQL, delete everywhere."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Query

from voicectl.errors import UsageError
from voicectl.types import CallLine, CallRecord, Deleted, Event, EventKind, Hit, Table
from voicectl_daemon.parts import House, Parts, Tenant

router = APIRouter(prefix="/v1", tags=["calls"])

LET_GO_SECONDS = 15.0
"""How long a worker may take to let go of a call that is being deleted."""


@dataclass(frozen=True, slots=True)
class FilesWanted:
    """Where a client would like to write a file for a call."""

    paths: list[str]
    """In order of preference."""
    taken: list[str]
    """Those that exist."""


@dataclass(frozen=True, slots=True)
class Question:
    """One SELECT."""

    query: str
    limit: int = 1000


@router.get("/calls")
def calls(
    house: House,
    tenant: Tenant,
    limit: int = Query(50, ge=1, le=10_000),
    offset: int = Query(0, ge=0),
) -> list[CallLine]:
    """Return calls, newest first."""
    return house.books.store.lines(tenant, limit, offset)


@router.get("/calls/{call}")
def call(call: str, house: House, tenant: Tenant, key: str | None = None) -> CallRecord:
    """Return one call whole; with `key`, the transcript of that very result."""
    return house.books.store.call(house.books.store.find_call(tenant, call), key)


@router.post("/calls/{call}/files")
def claim_file(call: str, wanted: FilesWanted, house: House, tenant: Tenant) -> str:
    """Return the first path that may be written for the call, and remember it."""
    if not wanted.paths:
        raise UsageError("there is no path to choose from")
    found = house.books.store.find_call(tenant, call)
    return house.books.ledger.claim_file(tenant, found, wanted.paths, wanted.taken)


@router.get("/search")
def search(
    house: House,
    tenant: Tenant,
    text: str = Query(min_length=1),
    limit: int = Query(50, ge=1, le=10_000),
) -> list[Hit]:
    """Return segments that contain the text, upper and lower case alike."""
    return house.books.store.search(tenant, text, limit)


@router.post("/sql")
def sql(question: Question, house: House) -> Table:
    """Run one SELECT over the store, without access to anything else."""
    return house.books.store.sql(question.query, question.limit)


@router.delete("/calls/{call}")
def delete(call: str, house: House, tenant: Tenant, *, with_recording: bool = False) -> Deleted:
    """Remove a call from everywhere voicectl put it; the recording only when asked for."""
    store, ledger = house.books.store, house.books.ledger
    found = store.find_call(tenant, call)
    _let_go(house, found)
    audio = store.call(found).audio
    doomed = [Path(path) for path in ledger.files(found)]
    if with_recording or Path(audio.path).parent == house.home.uploads:
        doomed.append(Path(audio.path))
    removed, left = _unlink(doomed)
    ledger.forget(found)
    store.delete(found)
    now = datetime.now(UTC)
    house.books.bus.publish(Event(EventKind.CALL_DELETED, now, tenant, call=found))
    return Deleted(found, tuple(removed), tuple(left))


def _let_go(house: Parts, call: str) -> None:
    """Cancel what is being done to a call and wait until nobody holds it."""
    house.foreman.let_go(house.books.ledger.drop_queued(call))
    end = time.monotonic() + LET_GO_SECONDS
    while house.books.ledger.running_for(call):
        if time.monotonic() > end:
            raise UsageError("the call is being worked on", hint="try again in a moment")
        time.sleep(0.05)


def _unlink(paths: list[Path]) -> tuple[list[str], list[str]]:
    removed, left = [], []
    for path in paths:
        try:
            path.unlink(missing_ok=True)
            removed.append(str(path))
        except OSError:
            left.append(str(path))
    return removed, left
