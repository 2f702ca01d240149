"""What the daemon and a phone say to each other. Sound and calls go to the media process."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from voicectl.lines import Listen
from voicectl_daemon.media.line import Deaf, Drain, Listening, Pulse


class Begin(msgspec.Struct, tag=True, frozen=True):
    """Be the telephone of this line. Always first, and once."""

    line: Listen
    password: str
    """Of the account."""


class Bring(msgspec.Struct, tag=True, frozen=True):
    """Bring calls to the media process at this port; 0: it takes none, so take none."""

    port: int


class Refused(msgspec.Struct, tag=True, frozen=True):
    """Somebody called and was not answered."""

    line: str
    code: int
    """Of SIP, as it was told."""
    why: str


Order: TypeAlias = Begin | Bring | Drain
Report: TypeAlias = Listening | Deaf | Refused | Pulse
