"""`voicectl serve`: the daemon in the foreground."""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer

from voicectl.cli import show
from voicectl.cli.door import look_in
from voicectl.errors import DaemonUnreachable

PATIENCE = 15.0
"""Seconds that a daemon may take to close its door."""


class Log(StrEnum):
    """How the log is written."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


def serve(
    log: Annotated[
        Log, typer.Option(help="`auto`: JSON where systemd's journal reads it, else text.")
    ] = Log.AUTO,
) -> None:
    """Run the daemon in the foreground, until it is told to stop.

    Commands start one by themselves when they need it; from such a one this
    takes over. It is for systemd: docs/operations.md has the unit.
    """
    _take_over()
    if log is not Log.AUTO:
        os.environ["VOICECTL_LOG"] = str(log)
    sys.stdout.flush()
    sys.stderr.flush()
    # The daemon takes the place of this process, so that signals and systemd reach it.
    # -P: what lies in the working folder is data and must not be imported.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "voicectl_daemon"])  # noqa: S606, no shell is wanted


def _take_over() -> None:
    """Send a daemon away that was started on demand; whoever it works for waits for the next."""
    with look_in() as door, suppress(DaemonUnreachable):
        if not door.status().on_demand:
            return
        show.note("taking over from the daemon that a command started")
        door.stop()
        end = time.monotonic() + PATIENCE
        # From then on the next one waits for the folder to be free.
        while door.home.socket.exists() and time.monotonic() < end:
            time.sleep(0.05)
