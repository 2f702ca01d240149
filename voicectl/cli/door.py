"""The way to the daemon, imported late: the client costs more than every help page."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voicectl.client import Door


def open_door() -> Door:
    """Connect to the daemon; start one when none answers and `VOICECTL_ON_DEMAND` allows it."""
    from voicectl.client import Door

    return Door.open(start=os.environ.get("VOICECTL_ON_DEMAND") != "no")


def look_in() -> Door:
    """Return the door as it is, without starting anybody and whatever the daemon's version."""
    from voicectl.client import Door
    from voicectl.paths import home

    return Door(home())
