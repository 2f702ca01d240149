"""`voicectl serve`: the daemon in the foreground."""

from __future__ import annotations

import os
import sys


def serve() -> None:
    """Run the daemon in the foreground, until it is told to stop.

    Commands start one by themselves when they need it. This is for systemd:
    docs/operations.md has the unit.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # The daemon takes the place of this process, so that signals and systemd reach it.
    # -P: what lies in the working folder is data and must not be imported.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "voicectl_daemon"])  # noqa: S606
