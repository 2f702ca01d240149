"""Jobs: hand in work, watch it, cancel it, try again."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fastapi import APIRouter, Query, Request

from voicectl.errors import DiskFull, UsageError
from voicectl.types import Ask, EventKind, Job, Task
from voicectl_daemon import bus, ids
from voicectl_daemon.parts import House, Tenant
from voicectl_daemon.planner import UPLOAD
from voicectl_recipes import load

router = APIRouter(prefix="/v1", tags=["jobs"])

KEEP_FREE = 64 * 1024 * 1024
"""Bytes that an upload must leave on the disk."""


@router.post("/jobs", status_code=202)
def submit(ask: Ask, house: House, tenant: Tenant) -> Job:
    """Hand in recordings. The recipe is checked, and its models found, before anything starts."""
    if not ask.sources:
        raise UsageError("there is no recording to work on")
    for source in ask.sources:
        if not source.path.startswith(UPLOAD) and not Path(source.path).is_absolute():
            raise UsageError(f"the path {source.path} is not absolute")
    plan = load.check(load.builtin(ask.recipe), ask.options)
    house.planner.resolve(plan)
    job = house.books.ledger.add_job(ask, load.to_wire(plan), tenant)
    house.books.bus.publish(bus.of_job(EventKind.JOB_CREATED, job))
    house.foreman.warm()
    house.planner.wake()
    return job


@router.post("/unreadable")
def unreadable(paths: list[str]) -> list[str]:
    """Return those of the paths that the daemon may not read; they can be uploaded instead."""
    return [path for path in paths if not os.access(path, os.R_OK)]


@router.post("/uploads", status_code=201)
async def upload(request: Request, house: House, name: str = Query(max_length=4096)) -> str:
    """Take in a recording; return the path to name it by. Its own name is only remembered."""
    folder = house.home.uploads
    folder.mkdir(mode=0o700, exist_ok=True)
    upload_id = ids.fresh(16)
    target = folder / upload_id
    try:
        with target.open("xb") as file:
            async for block in request.stream():
                if shutil.disk_usage(folder).free < KEEP_FREE + len(block):
                    raise DiskFull(f"there is no room to take in {name}")
                file.write(block)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return UPLOAD + upload_id


@router.get("/jobs")
def jobs(house: House, tenant: Tenant, limit: int = Query(50, ge=1, le=1000)) -> list[Job]:
    """Return the latest jobs, newest first."""
    return house.books.ledger.jobs(tenant, limit)


@router.get("/jobs/{job}")
def job(job: str, house: House, tenant: Tenant) -> Job:
    """Return one job; the beginning of its id is enough when it is unique."""
    return house.books.ledger.job(house.books.ledger.find_job(tenant, job))


@router.get("/jobs/{job}/tasks")
def tasks(job: str, house: House, tenant: Tenant) -> list[Task]:
    """Return the recordings of a job, in the order in which they were asked for."""
    return house.books.ledger.tasks(house.books.ledger.find_job(tenant, job))


@router.post("/jobs/{job}/cancel")
def cancel(job: str, house: House, tenant: Tenant) -> Job:
    """Cancel what is not finished; finished recordings stay finished."""
    found = house.books.ledger.find_job(tenant, job)
    house.foreman.cancel(found)
    return house.books.ledger.job(found)


@router.post("/jobs/{job}/retry")
def retry(job: str, house: House, tenant: Tenant) -> Job:
    """Try the recordings once more that failed, died or were cancelled."""
    found = house.books.ledger.find_job(tenant, job)
    if house.books.ledger.retry(found):
        house.planner.wake()
    return house.books.ledger.job(found)
