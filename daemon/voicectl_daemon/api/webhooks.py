"""Webhooks: how each is doing, what could not be told, and trying again."""

from __future__ import annotations

from fastapi import APIRouter, Query

from voicectl.results import DeadEvent, Pinged, WebhookLine
from voicectl_daemon.parts import House

router = APIRouter(prefix="/v1", tags=["webhooks"])


@router.get("/webhooks")
def webhooks(house: House) -> list[WebhookLine]:
    """Return the webhooks of the config, and how each is doing."""
    return house.webhooks.lines()


@router.get("/webhooks/dead")
def dead(
    house: House,
    webhook: str | None = Query(None, description="only those of this one"),
    limit: int = Query(50, ge=1, le=10_000),
) -> list[DeadEvent]:
    """Return events that were given up, the latest first."""
    return house.webhooks.dead(webhook, limit)


@router.post("/webhooks/{name}/retry", status_code=202)
def retry(
    name: str,
    house: House,
    event: str | None = Query(None, description="only this one; the beginning of its id is enough"),
) -> int:
    """Send events again that were given up, and return how many.

    A webhook whose receiver was gone is used again.
    """
    return house.webhooks.retry(name, event)


@router.post("/webhooks/{name}/test")
def test(name: str, house: House) -> Pinged:
    """Send a signed ping, once, and return what became of it."""
    return house.webhooks.test(name)
