"""Marks: what people who watch calls note about them, and telling others at once."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import asdict

from fastapi import APIRouter, Query

from voicectl.errors import NotFound
from voicectl.events import Event, EventKind
from voicectl.marks import Mark, Marked, MarkKind, MarkWish
from voicectl_daemon.api.calls import meant
from voicectl_daemon.parts import House, Parts, Tenant
from voicectl_daemon.visitors import Visitor

router = APIRouter(prefix="/v1", tags=["marks"])


@router.post("/calls/{call}/marks", status_code=201)
def mark(call: str, wish: MarkWish, house: House, tenant: Tenant, who: Visitor) -> Marked:
    """Keep what somebody notes about a call, in progress or over, and tell whoever listens.

    An escalation goes to the webhooks that have `call.escalated`; its note stays here.
    """
    found = subjects(house, tenant, call)[0]
    on_line = bool(house.switchboard.beginning(tenant, found))
    # One of the store is not deleted in between; who watches does not wait for a deletion.
    with nullcontext() if on_line else house.books.placing, house.marks.changing:
        if not on_line:
            house.books.store.place(found)
        given = house.marks.give(tenant, found, who, wish, on_line=on_line)
        house.switchboard.calls.marked(tenant, found, house.marks.of(found))
    told = _escalate(house, tenant, given) if given.kind is MarkKind.ESCALATION else ()
    return Marked(given, told)


@router.delete("/calls/{call}/marks/{mark}")
def unmark(call: str, mark: str, house: House, tenant: Tenant) -> Mark:
    """Remove a mark, and return it; what was told of it stays told."""
    found = subjects(house, tenant, call)
    with house.marks.changing:
        gone = house.marks.take_back(found, mark)
        house.switchboard.calls.marked(tenant, gone.call, house.marks.of(gone.call))
    return gone


@router.get("/marks")
def marks(
    house: House,
    tenant: Tenant,
    call: str | None = None,
    limit: int = Query(1000, ge=1, le=100_000),
) -> list[Mark]:
    """Return the marks of a call, or of all calls, the latest last."""
    if call is None:
        return house.marks.latest(tenant, limit)
    return list(house.marks.of(*subjects(house, tenant, call)))[-limit:]


def subjects(house: Parts, tenant: str, call: str) -> list[str]:
    """Return the ids under which a call may have marks; new ones are kept under the first.

    That is its id on the line, if it came on one. The beginning of an id is enough. Raises
    `NotFound`.
    """
    on_line = house.switchboard.beginning(tenant, call)
    if len(on_line) == 1:
        return on_line
    try:
        stored = meant(house, tenant, call)
    except NotFound as error:
        raise NotFound(
            f"there is no one call whose id begins with '{call}'",
            hint="list them with: voicectl calls live, or voicectl calls list",
        ) from error
    return [*house.switchboard.became(stored, house.books.store.place(stored)), stored]


def _escalate(house: Parts, tenant: str, mark: Mark) -> tuple[str, ...]:
    """Have others told; return the webhooks that will be."""
    call = house.switchboard.known(tenant, mark.call)
    facts = {} if call is None else asdict(call)
    detail = {**facts, "mark": mark.id, "who": mark.who}
    event = Event(EventKind.CALL_ESCALATED, mark.at, tenant, call=mark.call, detail=detail)
    told = house.webhooks.keep(event)
    house.books.bus.publish(event)
    return told
