"""How the daemon and its children write what they have to say: for people, or as JSON.

JSON is one object a line. It is written where systemd's journal reads along, each
line behind the priority that the journal takes off again, and where
`VOICECTL_LOG=json` asks for it. What goes into a log is no secret: no word of a
call, and no names of recordings where these are masked.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import TextIO

ASKED = "VOICECTL_LOG"
_PRIORITIES = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
    logging.DEBUG: 7,
}
"""As syslog numbers them."""
_PLACE = re.compile(r"[^\s'\"]*/[^\s'\":]+")
"""What looks like a path."""


def begin(service: str, level: int = logging.WARNING) -> None:
    """Have everything that this process logs written to stderr."""
    to = logging.StreamHandler()
    read = _is_read(sys.stderr, os.environ)
    if os.environ.get(ASKED, "json" if read else "text") == "json":
        to.setFormatter(Objects(service, priorities=read))
    else:
        to.setFormatter(logging.Formatter(f"{service}: %(message)s"))
    logging.basicConfig(level=level, handlers=[to])


def mask_names(masked: Callable[[str], str]) -> None:
    """From now on have the names of files that are logged look as `masked` says."""

    def mask(record: logging.LogRecord) -> bool:
        def shown(place: re.Match[str]) -> str:
            path = PurePath(place[0])
            return str(path.with_name(masked(path.name))) if path.name else place[0]

        record.msg, record.args = _PLACE.sub(shown, record.getMessage()), ()
        return True

    for handler in logging.getLogger().handlers:
        handler.addFilter(mask)


def _is_read(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """True when systemd's journal is what reads the stream."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


class Objects(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, service: str, *, priorities: bool) -> None:
        super().__init__()
        self._service = service
        self._priorities = priorities

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, service, message, and the call that it is about."""
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "pid": record.process,
            "message": record.getMessage(),
        }
        if (call := getattr(record, "call", None)) is not None:
            told["call"] = call
        begins = f"<{_PRIORITIES.get(record.levelno, 6)}>" if self._priorities else ""
        return begins + json.dumps(told, ensure_ascii=False)
