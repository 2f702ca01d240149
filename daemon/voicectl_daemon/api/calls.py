"""Calls: list, show, search, select, take out as tables, ask in SQL, delete everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, BinaryIO, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field

from voicectl.selection import Found, Which
from voicectl.types import CallLine, CallRecord, Deleted, Hit, Table
from voicectl_daemon import removal
from voicectl_daemon.parts import House, Parts, Tenant

PARQUET = "application/vnd.apache.parquet"
LAST = "last"
"""The call that was worked on last."""
BLOCK = 1 << 20
"""Bytes of a table that are sent at once."""

router = APIRouter(prefix="/v1", tags=["calls"])


@dataclass(frozen=True, slots=True)
class FilesWanted:
    """Where a client would like to write one file for a call."""

    paths: Annotated[list[str], Field(min_length=1)]
    """In order of preference."""
    taken: list[str]
    """Those that exist."""


@dataclass(frozen=True, slots=True)
class Question:
    """One SELECT."""

    query: str
    limit: Annotated[int, Field(ge=1, le=100_000)] = 1000
    """Rows."""


@router.get("/calls")
def calls(
    house: House,
    tenant: Tenant,
    limit: int = Query(50, ge=1, le=10_000),
    offset: int = Query(0, ge=0, le=1_000_000_000),
) -> list[CallLine]:
    """Return calls, newest first."""
    return house.books.store.lines(tenant, limit, offset)


@router.get("/calls/{call}")
def call(call: str, house: House, tenant: Tenant, key: str | None = None) -> CallRecord:
    """Return one call whole; with `key`, the transcript of that very result.

    `last` is the call that was worked on last.
    """
    return house.books.store.call(_found(house, tenant, call), key)


def _found(house: Parts, tenant: str, call: str) -> str:
    return house.books.store.find_call(tenant, _meant(house, tenant, call))


def _meant(house: Parts, tenant: str, call: str) -> str:
    return house.books.traces.last_call(tenant) or call if call == LAST else call


@router.post("/calls/{call}/files")
def claim_files(call: str, wanted: list[FilesWanted], house: House, tenant: Tenant) -> list[str]:
    """Return for each file the first path that may be written for the call, and remember it."""
    found = _found(house, tenant, call)
    files = [(file.paths, file.taken) for file in wanted]
    return house.books.traces.claim_files(tenant, found, files)


@router.get("/search")
def search(
    house: House,
    tenant: Tenant,
    text: str = Query(min_length=1),
    limit: int = Query(50, ge=1, le=10_000),
) -> list[Hit]:
    """Return segments that contain the text, upper and lower case alike."""
    return house.books.store.search(tenant, text, limit)


@router.post("/selections")
def select(which: Which, house: House, tenant: Tenant) -> list[Found]:
    """Return the calls that fit everything that is given, the oldest first."""
    calls = tuple(_meant(house, tenant, call) for call in which.calls)
    return house.books.store.find(tenant, replace(which, calls=calls))


@router.post(
    "/tables/{table}",
    response_class=StreamingResponse,
    responses={200: {"content": {PARQUET: {}}, "description": "A Parquet file"}},
)
def take_out(
    table: Literal["calls", "segments", "words"], calls: list[str], house: House, tenant: Tenant
) -> StreamingResponse:
    """Return what is known of some calls, by whole ids, as one of the views of the store."""
    made = house.books.store.parquet(tenant, table, calls)
    return StreamingResponse(_blocks(made), media_type=PARQUET)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


@router.post("/sql")
def sql(question: Question, house: House) -> Table:
    """Run one SELECT over the store, without access to anything else."""
    return house.books.store.sql(question.query, question.limit)


@router.delete("/calls/{call}")
def delete(call: str, house: House, tenant: Tenant, *, with_recording: bool = False) -> Deleted:
    """Remove a call from everywhere voicectl put it; the recording only when asked for."""
    found = _found(house, tenant, call)
    return removal.remove(house.books, house.uploads, found, with_recording=with_recording)
