"""The daemon itself: how it is, and goodbye."""

from __future__ import annotations

import os
import shutil
import time

import psutil
from fastapi import APIRouter

from voicectl import __version__
from voicectl.types import Status
from voicectl_daemon.parts import House, Tenant

router = APIRouter(prefix="/v1", tags=["system"])


@router.get("/status")
def status(house: House, tenant: Tenant) -> Status:
    """Return how the daemon, its workers and its disk are."""
    counts = house.books.ledger.counts()
    files = (house.home.ledger, house.home.store, house.home.bell)
    return Status(
        version=__version__,
        pid=os.getpid(),
        home=str(house.home.folder),
        on_demand=house.on_demand,
        uptime=round(time.monotonic() - house.started, 3),
        workers=house.foreman.status(),
        queued=counts.get("new", 0) + counts.get("queued", 0),
        running=counts.get("running", 0),
        calls=house.books.store.count(tenant),
        disk_free=shutil.disk_usage(house.home.folder).free,
        disk_used=sum(path.stat().st_size for path in files if path.exists()),
        memory=psutil.Process().memory_info().rss,
    )


@router.post("/stop", status_code=202)
def stop(house: House) -> None:
    """Leave; what is being done goes back to the queue and is done by the next daemon."""
    house.close_door()
