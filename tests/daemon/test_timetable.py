"""What is due when: by a clock of the test, in a real ledger."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import pytest

from voicectl.config import Schedule
from voicectl.errors import NotFound
from voicectl.results import ScheduleState
from voicectl_daemon.timetable import Ended, Timetable

if TYPE_CHECKING:
    from voicectl_daemon.ledger import Ledger

DONE = Ended(ScheduleState.DONE, 0, "", "a job")


def schedule(cron: str = "30 2 * * *", name: str = "nightly", zone: str = "UTC") -> Schedule:
    return Schedule(
        name=name, cron=cron, timezone=zone, recipe="transcribe", paths=("/in",), output="/out"
    )


class Night:
    """A daemon whose clock says what the test wants."""

    def __init__(
        self, ledger: Ledger, *schedules: Schedule, begin: str = "2026-11-20 12:00"
    ) -> None:
        self.ledger = ledger
        self.schedules = schedules or (schedule(),)
        self.now = 0.0
        self.at(begin)
        self.start()

    def start(self, *schedules: Schedule) -> None:
        """Start the next daemon."""
        self.schedules = schedules or self.schedules
        self.table = Timetable(self.ledger, self.schedules, serving=True, clock=lambda: self.now)
        self.table.open()

    def at(self, clock: str) -> None:
        self.now = datetime.fromisoformat(f"{clock}+00:00").timestamp()

    def due(self) -> list[str]:
        return [each.name for each in self.table.due()]

    def run(self) -> int:
        """Run all that is due; return how much it was."""
        names = self.due()
        for name in names:
            self.table.begin(name)
            self.table.end(name, DONE)
        return len(names)


@pytest.fixture
def night(ledger: Ledger) -> Night:
    return Night(ledger)


def test_it_is_due_once_at_its_time(night: Night) -> None:
    assert night.due() == [], "what was before it was written does not count"
    night.at("2026-11-21 02:29")
    assert night.due() == []
    night.at("2026-11-21 02:30")
    assert night.run() == 1
    assert night.due() == []
    night.at("2026-11-22 02:30")
    assert night.run() == 1
    (line,) = night.table.lines()
    assert line.next is not None
    assert line.started is not None
    assert f"{line.started:%d %H:%M} {line.next:%d %H:%M}" == "22 02:30 23 02:30"
    assert (line.state, line.status, line.job) == ("done", 0, "a job")


def test_nights_that_were_missed_are_caught_up_once(night: Night) -> None:
    night.at("2026-11-29 17:00")
    night.start()
    assert night.run() == 1
    assert night.due() == []
    night.start()
    assert night.due() == []
    night.at("2026-11-30 02:30")
    assert night.run() == 1


def test_a_time_that_passes_while_it_runs_is_caught_up(ledger: Ledger) -> None:
    night = Night(ledger, schedule("*/5 * * * *"))
    night.at("2026-11-21 10:05")
    assert night.due() == ["nightly"]
    night.table.begin("nightly")
    night.at("2026-11-21 10:17")
    assert night.due() == [], "never two at a time"
    night.table.end("nightly", DONE)
    assert night.run() == 1
    assert night.due() == []


def test_a_run_that_was_broken_off_is_due_at_once(night: Night) -> None:
    night.at("2026-11-21 02:30")
    night.table.begin("nightly")
    night.at("2026-11-21 02:40")
    night.start()
    (line,) = night.table.lines()
    assert line.state == "broken off"
    assert night.run() == 1
    assert night.due() == []


def test_a_night_in_which_clocks_are_changed(ledger: Ledger) -> None:
    night = Night(ledger, schedule(zone="Europe/Berlin"), begin="2026-03-28 12:00")
    ran = []
    for now in (
        *("2026-03-29 00:59", "2026-03-29 01:00", "2026-03-29 01:30", "2026-03-30 00:30"),
        *("2026-10-24 12:00", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 12:00"),
    ):
        night.at(now)
        ran.append(night.run())
    assert ran[:4] == [0, 1, 0, 1], "at three, for there is no half past two; not again"
    assert ran[4:] == [1, 1, 0, 0], "02:30 comes twice, its run does not"


def test_a_midnight_that_clocks_skip_and_an_evening_they_have_twice(ledger: Ledger) -> None:
    midnight, evening = schedule("0 0 * * *", "midnight"), schedule("30 23 * * *", "evening")
    zone = "America/Sao_Paulo"
    both = [msgspec.structs.replace(each, timezone=zone) for each in (midnight, evening)]
    night = Night(ledger, *both, begin="2018-11-03 12:00")
    ran = []
    for now in ("2018-11-04 02:29", "2018-11-04 02:30", "2018-11-04 02:59", "2018-11-04 03:00"):
        night.at(now)
        ran.append(night.run())
    assert ran == [0, 1, 0, 1], "at one in the morning, for there is no midnight"
    night.at("2019-02-16 12:00")
    assert night.run() == 2
    ran = []
    for now in ("2019-02-17 01:29", "2019-02-17 01:30", "2019-02-17 02:30", "2019-02-17 03:00"):
        night.at(now)
        ran.append(night.run())
    assert ran == [0, 1, 0, 1], "half past eleven comes twice, its run does not"


def test_a_clock_that_is_set(night: Night) -> None:
    night.at("2026-11-21 02:30")
    assert night.run() == 1
    night.at("2026-11-21 01:30")
    assert night.due() == []
    night.at("2026-11-21 02:30")
    assert night.due() == [], "it has been"
    night.at("2026-11-22 02:30")
    assert night.run() == 1
    night.at("2030-01-01 00:00")
    assert night.run() == 1
    night.at("2026-11-23 01:00")
    assert night.due() == []
    night.at("2026-11-23 02:30")
    assert night.run() == 1, "2030 was a mistake"


def test_other_times_count_from_now_on(night: Night) -> None:
    night.at("2026-11-21 12:00")
    night.start(schedule("0 11 * * *"), schedule("0 13 * * *", "other"))
    assert night.due() == []
    night.at("2026-11-21 13:00")
    assert night.due() == ["other"]
    night.start(schedule("0 11 * * *"))
    assert night.due() == []
    assert [line.name for line in night.table.lines()] == ["nightly"]
    with pytest.raises(NotFound, match="no schedule called 'other'"):
        night.table.find("other")


def test_a_daemon_on_demand_keeps_to_none(night: Night, ledger: Ledger) -> None:
    night.at("2026-11-29 17:00")
    visitor = Timetable(ledger, night.schedules, serving=False, clock=lambda: night.now)
    visitor.open()
    assert visitor.due() == []
    (line,) = visitor.lines()
    assert line.next is None
    assert night.due() == ["nightly"], "and it changes nothing"
