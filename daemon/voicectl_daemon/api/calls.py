"""Calls: list, show, search, select, take out as tables, ask in SQL, delete everywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import compress
from typing import Annotated, Literal, TypeAlias

import msgspec
from fastapi import APIRouter, Body, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import Field

from voicectl.audit import Log
from voicectl.errors import NotFound, VoicectlError
from voicectl.results import CallLine, Deleted, GivenResult, Hit, ResultWish, Table
from voicectl.selection import Found, Which
from voicectl.types import CallRecord, Problem
from voicectl_daemon import masked_copy, originals, removal
from voicectl_daemon.parts import House, Parts, Tenant
from voicectl_daemon.store import LAST, no_call
from voicectl_daemon.visitors import Visitor
from voicectl_recipes.load import REDACT

PARQUET = "application/vnd.apache.parquet"
SOUND = "application/octet-stream"
AGE = "application/age"
MOST_RESULTS = 100
"""That are given at once."""

View: TypeAlias = Literal[
    "calls",
    "segments",
    "words",
    "entities",
    "labels",
    "scores",
    "risks",
    "summaries",
    "translations",
    "feedback",
    "live_calls",
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
    return _encoded(house.books.store.call(meant(house, tenant, call), key))


def meant(house: Parts, tenant: str, call: str) -> str:
    """Return the whole id of the call that `call` begins, or of the last one."""
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
    return StreamingResponse(masked_copy.blocks(made), media_type=PARQUET)


@router.get(
    "/calls/{call}/masked.{form}",
    response_class=StreamingResponse,
    responses={200: {"content": {SOUND: {}}, "description": "A recording"}},
)
def masked_recording(
    call: str,
    form: Literal["wav", "flac", "ogg"],
    house: House,
    tenant: Tenant,
    key: str | None = None,
) -> StreamingResponse:
    """Return a copy of the recording in which a tone stands where something was masked.

    With `key` what that very result has masked.
    """
    id_ = meant(house, tenant, call)
    record, path = house.books.store.call(id_, key), house.books.store.place(id_)
    made = masked_copy.make(record, path, form, house.redaction, house.home.folder)
    return StreamingResponse(masked_copy.blocks(made), media_type=SOUND)


@router.get(
    "/calls/{call}/original",
    response_class=Response,
    responses={200: {"content": {AGE: {}}, "description": "The call before it was masked, sealed"}},
)
def original(call: str, house: House, tenant: Tenant, visitor: Visitor) -> Response:
    """Return a call as it was before it was masked, sealed; who asks is in the audit log."""
    id_ = meant(house, tenant, call)
    with house.books.store.reading() as db:
        found = originals.of(db, id_)
    if found is None:
        masked = any(step.stage == REDACT for step in house.books.store.call(id_).done)
        raise NotFound(
            f"of the call {id_} nothing is kept but what is masked"
            if masked
            else f"the call {id_} is not masked",
            hint="an original is kept when it is asked for: voicectl run redact --keep-original"
            if masked
            else f"see it with: voicectl calls show {id_}",
        )
    Log(house.home.audit).reveal(visitor, id_, len(found))
    return Response(found, media_type=AGE)


@router.post("/sql")
def sql(question: Question, house: House) -> Table:
    """Run one SELECT over the store, without access to anything else."""
    return house.books.store.sql(question.query, question.limit)


@router.delete("/calls/{call}")
def delete(call: str, house: House, tenant: Tenant, *, with_recording: bool = False) -> Deleted:
    """Remove a call from everywhere voicectl put it; the recording only when asked for."""
    found = meant(house, tenant, call)
    return removal.remove(
        house.books, house.uploads, house.switchboard, found, with_recording=with_recording
    )
