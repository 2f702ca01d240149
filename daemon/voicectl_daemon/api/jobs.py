"""Jobs: hand in work, watch it, cancel it, try again."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect

from voicectl.errors import DiskFull, UsageError, VoicectlError, is_full
from voicectl.events import EventKind
from voicectl.results import RecipeWish
from voicectl.types import Ask, Job, Task
from voicectl_daemon import bus, nameless, reminders
from voicectl_daemon.api import recipes
from voicectl_daemon.parts import House, Parts, Tenant
from voicectl_daemon.traces import UPLOAD
from voicectl_daemon.work import retrying
from voicectl_recipes import load

router = APIRouter(prefix="/v1", tags=["jobs"])

KEEP_FREE = 64 * 1024 * 1024
"""Bytes that an upload must leave on the disk."""


@router.post("/jobs", status_code=202)
def submit(ask: Ask, house: House, tenant: Tenant) -> Job:
    """Hand in recordings. The recipe is checked, and its models found, before anything starts."""
    return hand_in(house, tenant, ask)


def hand_in(house: Parts, tenant: str, ask: Ask) -> Job:
    """Do what is asked for, once it is checked. Raises `VoicectlError`."""
    if not ask.sources:
        raise UsageError("there is no recording to work on")
    for source in ask.sources:
        _check(house.uploads.place(source.path))
    plan = recipes.checked(house, RecipeWish(ask.recipe, ask.written, ask.options))
    notes = house.planner.notes(plan)
    notes += reminders.of_voices(house.books.store, tenant, plan, ask.sources)
    job = house.books.ledger.add_job(ask, load.to_wire(plan), tenant)
    house.books.bus.publish(bus.of_job(EventKind.JOB_CREATED, job))
    house.foreman.warm()
    house.planner.wake()
    return replace(job, notes=notes)


def _check(path: str) -> None:
    if not Path(path).is_absolute() or "\0" in path:
        raise UsageError(f"'{path}' is no absolute path of a recording")


@router.post("/unreadable")
def unreadable(paths: list[str]) -> list[str]:
    """Return those of the paths that the daemon may not read; they can be uploaded instead."""
    return [path for path in paths if "\0" in path or not os.access(path, os.R_OK)]


@router.post("/uploads", status_code=201)
async def upload(request: Request, house: House, name: str = Query(max_length=4096)) -> str:
    """Take in a recording; return the path to name it by. Its own name is only remembered."""
    upload_id = house.uploads.fresh()
    target = house.uploads.file(upload_id)
    coming = int(request.headers.get("content-length", 0))
    try:
        with target.open("xb") as file:
            _check_room(target, coming, name)
            async for block in request.stream():
                _check_room(target, len(block), name)
                file.write(block)
            file.flush()
            os.fsync(file.fileno())  # what was accepted survives a power cut
    except OSError as error:
        target.unlink(missing_ok=True)
        kind = DiskFull if is_full(error) else VoicectlError
        raise kind(
            f"{name} cannot be taken in: {error.strerror}", hint=f"look at {target.parent}"
        ) from error
    except ClientDisconnect as error:
        target.unlink(missing_ok=True)
        raise UsageError(f"{name} was not sent to its end") from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return UPLOAD + upload_id


def _check_room(target: Path, size: int, name: str) -> None:
    if shutil.disk_usage(target.parent).free < KEEP_FREE + size:
        raise DiskFull(
            f"there is no room to take in {name}",
            hint="make room where the data folder lies, then send it again",
        )


@router.get("/jobs")
def jobs(house: House, tenant: Tenant, limit: int = Query(50, ge=1, le=1000)) -> list[Job]:
    """Return the latest jobs, newest first."""
    return [_shown(house, each) for each in house.books.ledger.jobs(tenant, limit)]


@router.get("/jobs/{job}")
def job(job: str, house: House, tenant: Tenant) -> Job:
    """Return one job; the beginning of its id is enough when it is unique."""
    return _shown(house, house.books.ledger.job(house.books.ledger.find_job(tenant, job)))


def _shown(house: Parts, found: Job) -> Job:
    return nameless.job(found) if house.redaction.mask_names else found


@router.get("/jobs/{job}/tasks")
def tasks(job: str, house: House, tenant: Tenant) -> list[Task]:
    """Return the recordings of a job, in the order in which they were asked for."""
    found = house.books.ledger.tasks(house.books.ledger.find_job(tenant, job))
    return list(map(nameless.task, found)) if house.redaction.mask_names else found


@router.post("/jobs/{job}/cancel")
def cancel(job: str, house: House, tenant: Tenant) -> Job:
    """Cancel what is not finished; finished recordings stay finished."""
    found = house.books.ledger.find_job(tenant, job)
    house.foreman.cancel(found)
    return _shown(house, house.books.ledger.job(found))


@router.post("/jobs/{job}/retry")
def retry(
    job: str,
    house: House,
    tenant: Tenant,
    stage: Annotated[str | None, Query(alias="from")] = None,
) -> Job:
    """Try the recordings once more that failed, died or were cancelled, each where it stopped.

    With `from` all of them begin again at that stage.
    """
    ledger = house.books.ledger
    found = ledger.find_job(tenant, job)
    if stage is not None:
        count = retrying.from_stage(house.books, ledger.job(found), stage)
    else:
        count = ledger.retry(found)
    if count:
        house.planner.wake()
    return _shown(house, ledger.job(found))
