"""What systemd is told of the daemon, by its protocol `sd_notify`.

The protocol is one datagram of `NAME=value` lines to the socket in `NOTIFY_SOCKET`;
a library for it would be longer than this file.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

PATIENCE = 1.0
"""Seconds; a supervisor that does not read must not hold up the daemon."""


class Supervised:
    """Tells whoever started the daemon how it is; where nobody asked to be told it does nothing."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ) -> None:
        """Take what is meant for this process out of the environment: children must not speak."""
        self._address = environment.pop("NOTIFY_SOCKET", "")
        wanted = environment.pop("WATCHDOG_USEC", "")
        whose = environment.pop("WATCHDOG_PID", str(os.getpid()))
        ours = bool(self._address) and whose == str(os.getpid())
        self.beat_seconds = int(wanted) / 1e6 / 2 if ours and wanted.isdigit() else None
        """How often a sign of life is due; None when nobody waits for one."""
        self._status = ""

    def ready(self) -> None:
        """Say that the daemon does what it is there for."""
        self._tell("READY=1")

    def beat(self) -> None:
        """Give a sign of life."""
        self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in one line how it is, when that has changed."""
        if text != self._status:
            self._status = text
            self._tell(f"STATUS={text}")

    def reloading(self) -> None:
        """Say that the config is read anew; `ready` ends that."""
        now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._tell("RELOADING=1", f"MONOTONIC_USEC={now}")

    def stopping(self) -> None:
        """Say that the daemon is about to leave."""
        self._tell("STOPPING=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # An address that begins with @ is in the abstract namespace, and has no file.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.settimeout(PATIENCE)
            line.sendto("\n".join(lines).encode(), address)
