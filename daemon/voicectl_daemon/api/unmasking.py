"""Calls that somebody wants to see or hear unmasked: who may, and that it is known who did."""

from __future__ import annotations

import os
import pwd
from typing import Literal

from fastapi import APIRouter

from voicectl.audit import Log
from voicectl.errors import NotAllowed
from voicectl_daemon.api.marks import subjects
from voicectl_daemon.parts import House, Tenant
from voicectl_daemon.visitors import UNKNOWN, Visitor

router = APIRouter(prefix="/v1", tags=["live"])


@router.post("/calls/{call}/unmask")
def unmask(
    call: str,
    house: House,
    tenant: Tenant,
    visitor: Visitor,
    how: Literal["screen", "sound"] = "screen",
) -> str:
    """Let a monitor show or play a call as it was said, and return its id; it is noted who asks.

    Refused to accounts that `unmask` of `[live]` does not name; that of the daemon always may.
    """
    found = subjects(house, tenant, call)[0]
    if visitor == UNKNOWN or visitor not in {_ours(), "root", *house.switchboard.live.unmask}:
        raise NotAllowed(
            f"the account '{visitor}' may not see calls unmasked",
            hint=f'who may decide it writes in voicectl.toml:  [live]  unmask = ["{visitor}"]',
        )
    Log(house.home.audit).reveal(visitor, found, 0, how)
    return found


def _ours() -> str:
    user = os.geteuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
