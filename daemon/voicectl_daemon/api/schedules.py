"""Schedules: what is done when, and how it went."""

from __future__ import annotations

from fastapi import APIRouter

from voicectl.results import ScheduleLine
from voicectl_daemon.parts import House

router = APIRouter(prefix="/v1", tags=["schedules"])


@router.get("/schedules")
def schedules(house: House) -> list[ScheduleLine]:
    """Return the schedules of the config, each with its next run and its last."""
    return house.errands.timetable.lines()


@router.post("/schedules/{name}/run", status_code=202)
def run(name: str, house: House) -> ScheduleLine:
    """Run a schedule now, whatever its times are; not while it runs."""
    house.errands.run(house.errands.timetable.find(name))
    return next(line for line in house.errands.timetable.lines() if line.name == name)
