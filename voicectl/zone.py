"""In which time zone this machine lives."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from zoneinfo import ZoneInfo

from voicectl.errors import UsageError

UTC = "UTC"
_LINK = Path("/etc/localtime")
_FILE = Path("/etc/timezone")


def here() -> str:
    """Return its name in the IANA's list; where nobody wrote it down, the hours from UTC now."""
    written = _FILE.read_text() if _FILE.is_file() else ""
    linked = str(_LINK.resolve()).partition("zoneinfo/")[2]
    for name in (os.environ.get("TZ", "").removeprefix(":"), linked, written.strip()):
        if name and known(name):
            return name
    offset = datetime.datetime.now().astimezone().utcoffset()
    hours = round(offset.total_seconds() / 3600) if offset else 0
    name = f"Etc/GMT{-hours:+d}"  # the signs of these names are reversed
    return name if hours and known(name) else UTC


def of(name: str) -> datetime.tzinfo:
    """Return a zone by its name. Raises `UsageError`."""
    if name == UTC:
        return datetime.UTC  # also where there is no list of zones
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise UsageError(
            f"there is no time zone '{name}'", hint="write it as Africa/Nairobi or Europe/Berlin"
        ) from error


def known(name: str) -> bool:
    """True for the name of a zone."""
    try:
        return bool(of(name))
    except UsageError:
        return False
