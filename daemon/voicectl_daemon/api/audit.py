"""What left this machine, and who was given what is masked for others."""

from __future__ import annotations

from fastapi import APIRouter, Query

from voicectl.audit import Log, Request, Reveal
from voicectl_daemon.parts import House

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get("/audit")
def requests(house: House, limit: int = Query(50, ge=1, le=100_000)) -> list[Request]:
    """Return the requests that left this machine, the latest first; none holds words."""
    return Log(house.home.audit).requests()[:limit]


@router.get("/audit/reveals")
def reveals(house: House, limit: int = Query(50, ge=1, le=100_000)) -> list[Reveal]:
    """Return who was given originals of masked calls, the latest first."""
    return Log(house.home.audit).reveals()[:limit]
