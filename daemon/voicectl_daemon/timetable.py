"""When schedules are due, and how they went: in the ledger, for the next daemon, too.

A time counts as seen to when its run begins. Whatever times pass while nobody
serves, or while the run before goes on, are caught up by one run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from voicectl.config import Schedule
from voicectl.errors import NotFound
from voicectl.results import ScheduleLine, ScheduleState
from voicectl.types import DEFAULT_TENANT
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.lite import Connection, Row

SET_BACK_SECONDS = 3 * 3600.0
"""A clock that is set back by more was wrong before; with less no time comes twice."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended."""

    state: ScheduleState
    status: int | None = None
    said: str = ""
    job: str | None = None


class Timetable:
    """The schedules of a config; its methods may be called from any thread."""

    def __init__(
        self,
        ledger: Ledger,
        schedules: Sequence[Schedule],
        *,
        serving: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`serving`: whether this daemon keeps to them. `clock`: seconds since the epoch."""
        self._ledger = ledger
        self._schedules = {each.name: each for each in schedules}
        self._times = {each.name: each.times for each in schedules}
        self._serving = serving
        self._clock = clock
        self._next: dict[str, tuple[float, float]] = {}
        """When each is due next, beside the moment after which."""

    def open(self) -> None:
        """Take up what an earlier daemon left: a run that was broken off is due again."""
        if not self._serving:
            return
        with self._ledger.change() as db:
            self._agree(db)
            db.execute(
                "UPDATE schedule SET state=? WHERE state=?",
                (ScheduleState.BROKEN_OFF, ScheduleState.RUNNING),
            )

    def change(self, schedules: Sequence[Schedule]) -> None:
        """Keep to other schedules from now on; a run that goes on is not touched."""
        self._times = {each.name: each.times for each in schedules}
        self._schedules = {each.name: each for each in schedules}
        self._next = {}
        with self._ledger.change() as db:
            self._agree(db)

    def _agree(self, db: Connection) -> None:
        """Have the ledger know the schedules of the config, and no others."""
        for row in db.execute("SELECT name, times FROM schedule").fetchall():
            if row["name"] not in self._schedules:
                db.execute("DELETE FROM schedule WHERE name=?", (row["name"],))
            elif row["times"] != self._written(row["name"]):
                db.execute(
                    "UPDATE schedule SET times=?, after=? WHERE name=?",
                    (self._written(row["name"]), self._clock(), row["name"]),
                )
        for name in self._schedules:
            self._add(db, name)

    def find(self, name: str) -> Schedule:
        """Return a schedule by its name. Raises `NotFound`."""
        if name not in self._schedules:
            raise NotFound(
                f"there is no schedule called '{name}'",
                hint="list them with: voicectl schedules list",
            )
        return self._schedules[name]

    def due(self) -> list[Schedule]:
        """Return what is to be run now; none that runs already."""
        if not (self._serving and self._schedules):
            return []
        now = self._clock()
        return [
            self._schedules[row["name"]]
            for row in self._rows()
            if row["state"] != ScheduleState.RUNNING and self._is_due(row, now)
        ]

    def begin(self, name: str) -> None:
        """Write down that a run begins; every time up to now is seen to by it."""
        now = self._clock()
        with self._ledger.change() as db:
            self._add(db, name)
            db.execute(
                "UPDATE schedule SET state=?, started=?, after=?, ended=NULL, status=NULL, "
                "said='', job=NULL WHERE name=?",
                (ScheduleState.RUNNING, now, now, name),
            )

    def end(self, name: str, ended: Ended) -> None:
        """Write down how a run ended."""
        with self._ledger.change() as db:
            db.execute(
                "UPDATE schedule SET state=?, ended=?, status=?, said=?, job=? WHERE name=?",
                (ended.state, self._clock(), ended.status, ended.said, ended.job, name),
            )

    def lines(self) -> list[ScheduleLine]:
        """Return all schedules, with their last run and their next."""
        rows = {row["name"]: row for row in self._rows()}
        return [self._line(each, rows.get(name)) for name, each in self._schedules.items()]

    def soonest(self) -> ScheduleLine | None:
        """Return the schedule that is due next, if there is one."""
        due = [(line.next, line.name, line) for line in self.lines() if line.next]
        return min(due)[2] if due else None

    def _written(self, name: str) -> str:
        schedule = self._schedules[name]
        return f"{schedule.cron} {schedule.timezone or ''}"

    def _add(self, db: Connection, name: str) -> None:
        """Add a schedule that is new: its times count from now on."""
        db.execute(
            "INSERT OR IGNORE INTO schedule (name, tenant, times, after, state) VALUES (?,?,?,?,?)",
            (name, DEFAULT_TENANT, self._written(name), self._clock(), ScheduleState.WAITING),
        )

    def _rows(self) -> list[Row]:
        rows = self._ledger.rows("SELECT * FROM schedule")
        return [row for row in rows if row["name"] in self._schedules]

    def _is_due(self, row: Row, now: float) -> bool:
        if row["state"] == ScheduleState.BROKEN_OFF:
            return True
        if row["after"] > now + SET_BACK_SECONDS:
            with self._ledger.change() as db:
                db.execute("UPDATE schedule SET after=? WHERE name=?", (now, row["name"]))
            return False
        return self._after(row["name"], row["after"]) <= now

    def _after(self, name: str, moment: float) -> float:
        known = self._next.get(name)
        if known is None or known[0] != moment:
            found = self._times[name].after(_moment(moment)).timestamp()
            self._next[name] = known = (moment, found)
        return known[1]

    def _line(self, schedule: Schedule, row: Row | None) -> ScheduleLine:
        line = ScheduleLine(
            name=schedule.name,
            cron=schedule.cron,
            timezone=schedule.timezone,
            recipe=schedule.recipe,
            paths=schedule.paths,
            output=schedule.output,
            next=None,
        )
        if row is None:
            return line
        return replace(
            line,
            next=_moment(self._after(schedule.name, row["after"])) if self._serving else None,
            state=ScheduleState(row["state"]),
            started=row["started"] and _moment(row["started"]),
            ended=row["ended"] and _moment(row["ended"]),
            status=row["status"],
            said=row["said"],
            job=row["job"],
        )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
