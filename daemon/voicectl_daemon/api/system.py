"""The daemon itself: how it is, and goodbye."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator

import psutil
from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from voicectl import __version__
from voicectl.results import Reloaded
from voicectl.types import Health, Status
from voicectl_daemon.metrics import Labels
from voicectl_daemon.parts import House, Parts, Tenant

router = APIRouter(prefix="/v1", tags=["system"])
plain = APIRouter(tags=["system"])
"""At the places where monitoring looks for them."""


@router.get("/status")
def status(house: House, tenant: Tenant) -> Status:
    """Return how the daemon, its workers and its disk are."""
    counts = house.books.ledger.counts()
    soonest = house.errands.timetable.soonest()
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
        schedule=soonest.name if soonest else None,
        due=soonest.next if soonest else None,
        health=house.vitals.health(),
    )


@plain.get("/health", responses={503: {"model": Health, "description": "It cannot work"}})
def health(house: House, answer: Response) -> Health:
    """Return whether the daemon can do its work, as it was seen in the last seconds.

    The ledger and the store were read, threads of the lines came round, a word went through
    workers and the store, and those that work gave signs of life. 503 when it has `failed`.
    """
    found = house.vitals.health()
    answer.status_code = 503 if found.state == "failed" else 200
    return found


@plain.get("/metrics", response_class=PlainTextResponse)
def metrics(house: House, tenant: Tenant) -> PlainTextResponse:
    """Return numbers in the text format of Prometheus."""
    text = house.books.bus.metrics.text(_now(house, tenant))
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4; charset=utf-8")


def _now(house: Parts, tenant: str) -> Iterator[tuple[str, Labels, float]]:
    counts = house.books.ledger.counts()
    yield "queue_depth", (), counts.get("new", 0) + counts.get("queued", 0)
    yield "disk_free_bytes", (), shutil.disk_usage(house.home.folder).free
    yield "uptime_seconds", (), round(time.monotonic() - house.started, 3)
    yield "memory_bytes", (), psutil.Process().memory_info().rss
    workers = [worker.state for worker in house.foreman.status()]
    for state in ("idle", "working", "off"):
        yield "workers", (("state", state),), workers.count(state)
    up = [call.line for call in house.switchboard.calls.all(tenant)]
    for line in house.switchboard.lines():
        yield "calls_active", (("line", line.name),), up.count(line.name)
        yield "line_open", (("line", line.name),), int(line.port > 0)
    for hook in house.webhooks.lines():
        yield "webhook_waiting", (("webhook", hook.name),), hook.waiting
        yield "webhook_dead", (("webhook", hook.name),), hook.dead + hook.dropped
        yield "webhook_failures", (("webhook", hook.name),), hook.failures


@router.post("/reload")
def reload(house: House) -> Reloaded:
    """Read the config anew, and return what is different; calls that are up go on.

    A config with a mistake is refused, and the one before holds.
    """
    return house.changes.take(house)


@router.post("/stop", status_code=202)
def stop(house: House) -> None:
    """Leave; what is being done goes back to the queue and is done by the next daemon.

    Calls that are up are waited for first, as long as `drain_seconds` says; who asks
    again does not wait.
    """
    if house.switchboard.up() and not house.unwanted.is_set():
        house.unwanted.set()
    else:
        house.close_door()
