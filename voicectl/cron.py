"""Times in cron's own words, in a time zone: when does the next one come?

The only import of cronsim, which does as Debian's cron does when clocks are
changed: a time that a night skips comes at once after the gap, one that a
night has twice comes once; what comes every few minutes goes on through both.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

LONGEST = 256
"""Characters of an expression."""
FIELDS = 5
LOCAL = Path("/etc/localtime")
NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class Times:
    """The times that an expression means."""

    def __init__(self, expression: str, zone: str | None = None) -> None:
        """`zone`: a name such as `Africa/Nairobi`; None is that of this machine.

        Raises `ValueError` for an expression or a zone that makes no sense.
        """
        words = expression.strip()
        fields = NICKNAMES.get(words, words).split()
        if len(fields) != FIELDS or len(words) > LONGEST:
            raise ValueError(
                f"cron cannot be `{words[:LONGEST]}`; "
                "write minute, hour, day, month and weekday: `0 2 * * *`"
            )
        self._fields = " ".join(fields).upper()
        self.zone = _zone(zone)
        try:
            self.after(datetime.now(UTC))
        except CronSimError as error:
            what = str(error).removeprefix("Bad ")
            raise ValueError(f"cron cannot be `{words}`: look at its {what}") from error
        except StopIteration:
            raise ValueError(f"cron cannot be `{words}`: such a day never comes") from None

    def after(self, moment: datetime) -> datetime:
        """Return the first time that is later than `moment`."""
        for found in CronSim(self._fields, moment.astimezone(self.zone)):
            # Two times of one zone are compared by what the clock shows, which it may show twice.
            if found.astimezone(UTC) > moment.astimezone(UTC):
                return found
        raise StopIteration


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return _local()
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no timezone `{name}`; write `Africa/Nairobi`") from error


def _local() -> tzinfo:
    """Return the zone of this machine, with its rules; `astimezone` knows only today's offset."""
    try:
        if name := os.environ.get("TZ"):
            return ZoneInfo(name.removeprefix(":"))
        with LOCAL.open("rb") as file:
            return ZoneInfo.from_file(file)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
