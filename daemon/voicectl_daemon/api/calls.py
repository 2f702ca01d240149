"""Calls: list, show, search, select, take out as tables, ask in SQL, delete everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import compress
from typing import Annotated, BinaryIO, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Body, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from voicectl.errors import VoicectlError
from voicectl.results import CallLine, Deleted, GivenResult, Hit, ResultWish, Table
from voicectl.selection import Found, Which
from voicectl.types import CallRecord, Problem
from voicectl_daemon import removal
from voicectl_daemon.parts import House, Parts, Tenant
from voicectl_daemon.store import LAST, no_call

PARQUET = "application/vnd.apache.parquet"
BLOCK = 1 << 20
"""Bytes of a table that are sent at once."""
MOST_RESULTS = 100
"""That are given at once."""

View: TypeAlias = Literal[
    "calls", "segments", "words", "entities", "labels", "scores", "risks", "summaries"
]

router = APIRouter(prefix="/v1", tags=["calls"])


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


@router.get("/calls/{call}", response_model=CallRecord)
def call(call: str, house: House, tenant: Tenant, key: str | None = None) -> Response:
    """Return one call whole; with `key`, the transcript of that very result.

    `last` is the call that was worked on last.
    """
    return _encoded(house.books.store.call(_found(house, tenant, call), key))


def _found(house: Parts, tenant: str, call: str) -> str:
    return house.books.store.find_call(tenant, _meant(house, tenant, call))


def _meant(house: Parts, tenant: str, call: str) -> str:
    return house.books.traces.last_call(tenant) or call if call == LAST else call


@router.post("/results", response_model=list[GivenResult])
def results(
    wanted: Annotated[list[ResultWish], Body(max_length=MOST_RESULTS)], house: House, tenant: Tenant
) -> Response:
    """Return several results, and where files of them may be written, which is remembered.

    What fails for one of them keeps no other back.
    """
    books = house.books
    with books.placing:  # none of them is deleted in between
        records = books.store.calls([(wish.call, wish.key) for wish in wanted])
        there = [record is not None and record.tenant == tenant for record in records]
        claims = ((wish.call, wish.files) for wish in compress(wanted, there))
        claimed = iter(books.traces.claim(tenant, claims))
    given = [
        _given(record, next(claimed)) if seen else _given(None, no_call(wish.call, wish.key))
        for wish, record, seen in zip(wanted, records, there, strict=True)
    ]
    return _encoded(given)


def _given(record: CallRecord | None, files: tuple[str, ...] | VoicectlError) -> GivenResult:
    if isinstance(files, VoicectlError):
        return GivenResult(problem=Problem(files.code, files.text, files.hint))
    return GivenResult(record, files)


def _encoded(value: object) -> Response:
    """Return an answer as it is; FastAPI would look at every word of it twice."""
    return Response(msgspec.json.encode(value), media_type="application/json")


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
def take_out(table: View, calls: list[str], house: House, tenant: Tenant) -> StreamingResponse:
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
