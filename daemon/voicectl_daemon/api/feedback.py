"""Feedback: what people say of calls, and calls as people corrected them."""

from __future__ import annotations

from contextlib import suppress

from fastapi import APIRouter, Query

from voicectl.errors import VoicectlError
from voicectl.feedback import Example, Feedback, FeedbackWish
from voicectl_daemon import remarks
from voicectl_daemon.api.calls import meant
from voicectl_daemon.parts import House, Tenant
from voicectl_daemon.visitors import Visitor

router = APIRouter(prefix="/v1", tags=["feedback"])

Limit = Query(1000, ge=1, le=100_000)


@router.post("/calls/{call}/feedback", status_code=201)
def give(
    call: str, wish: FeedbackWish, house: House, tenant: Tenant, who: Visitor
) -> list[Feedback]:
    """Keep what somebody says about a call, beside what the machine says."""
    books = house.books
    with books.placing:  # the call is not deleted in between
        record = books.store.call(meant(house, tenant, call))
        given = remarks.give(books.store, record, who, wish, house.shelf.beside)
    if wish.labels or wish.not_labels:
        # Learning needs it; without the model it is done when calls are read for their meaning.
        with suppress(VoicectlError):
            house.meanings.know(tenant, record.id)
    return given


@router.get("/feedback")
def feedback(
    house: House, tenant: Tenant, call: str | None = None, limit: int = Limit
) -> list[Feedback]:
    """Return what was said of a call, or of all calls, the latest last."""
    found = meant(house, tenant, call) if call is not None else None
    return remarks.of(house.books.store, tenant, found, limit)


@router.get("/examples")
def examples(house: House, tenant: Tenant, limit: int = Limit) -> list[Example]:
    """Return the calls that people said something about, with their text and categories."""
    return remarks.examples(house.books.store, tenant, limit)
