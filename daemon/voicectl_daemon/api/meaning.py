"""Calls by their meaning: read them for it, search, and find similar ones."""

from __future__ import annotations

from fastapi import APIRouter, Query

from voicectl.meaning import Indexed, Near, Similar
from voicectl_daemon.api.calls import meant
from voicectl_daemon.parts import House, Tenant

router = APIRouter(prefix="/v1", tags=["meaning"])

Limit = Query(10, ge=1, le=1000)


@router.post("/meaning/index")
def index(
    house: House, tenant: Tenant, seconds: float = Query(2.0, ge=0, le=30, allow_inf_nan=False)
) -> Indexed:
    """Read calls that were not read for their meaning yet, for about so long."""
    return house.meanings.index(tenant, seconds)


@router.get("/meaning/search")
def search(
    house: House,
    tenant: Tenant,
    text: str = Query(min_length=1, max_length=10_000),
    limit: int = Limit,
) -> list[Near]:
    """Return segments that mean about the same as a text, of the calls that were read."""
    return house.meanings.search(tenant, text, limit)


@router.get("/calls/{call}/similar")
def similar(call: str, house: House, tenant: Tenant, limit: int = Limit) -> list[Similar]:
    """Return the calls that are most like one, of those that were read."""
    return house.meanings.similar(tenant, meant(house, tenant, call), limit)
