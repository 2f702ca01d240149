"""Reports: figures over many calls."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from voicectl.reporting import Report, ReportWish
from voicectl_daemon import reports
from voicectl_daemon.parts import House, Tenant

router = APIRouter(prefix="/v1", tags=["reports"])


@router.get("/reports")
def report(wish: Annotated[ReportWish, Depends()], house: House, tenant: Tenant) -> Report:
    """Return figures of the calls first seen in a time; nothing is changed."""
    return reports.made(house.books.store, house.books.ledger, tenant, wish)
