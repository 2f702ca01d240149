"""The monitor of one browser: `python -m voicectl.tui.web`, started by the server."""

from __future__ import annotations

import os
import threading
import time

from voicectl.client import Door
from voicectl.paths import home
from voicectl.tui.app import Monitor

LOOK_SECONDS = 1.0


def _leave_with(parent: int) -> None:
    """End when the server was killed: nobody looks any more, and nobody says so."""
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
    os._exit(0)


def main() -> None:
    """Show the monitor for as long as there is a browser, and a server."""
    threading.Thread(target=_leave_with, args=(os.getppid(),), daemon=True).start()
    Monitor(lambda: Door(home())).run()


if __name__ == "__main__":
    main()
