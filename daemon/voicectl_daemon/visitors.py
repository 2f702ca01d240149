"""Who is at the door: the account behind a Unix socket, as the kernel tells it."""

from __future__ import annotations

import asyncio
import pwd
import socket
import struct
from typing import Annotated

from fastapi import Depends
from fastapi.requests import HTTPConnection
from starlette.types import Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

UNKNOWN = "unknown"
_CREDENTIALS = struct.Struct("3i")
"""PID, user and group."""
_ACCOUNT = "account:"
_HANG_UP = "hang_up"
_LOCAL = "local"
MOST_OUTSIDE = 32
"""Connections over TCP at a time..."""
OUTSIDE_SECONDS = 60.0
"""...and how long each may last: whoever asks for numbers is quick."""
_outside: set[asyncio.Transport] = set()


class Known(H11Protocol):
    """HTTP whose client is the account that opened the socket."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it
        """Note who it is."""
        super().connection_made(transport)
        line: socket.socket | None = transport.get_extra_info("socket")
        if line is not None and line.family == socket.AF_UNIX:
            raw = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            _, user, _ = _CREDENTIALS.unpack(raw)
            self.client = (f"{_ACCOUNT}{user}", 0)
            self.app_state = self.app_state | {_LOCAL: True}
        else:
            _limit(transport)
        self.app_state = self.app_state | {_HANG_UP: transport.abort}


def local(scope: Scope) -> bool:
    """True for whoever came through the Unix socket."""
    return _LOCAL in scope.get("state", {})


def _limit(transport: asyncio.Transport) -> None:
    """Hang up on a visitor from outside who is one too many, or else in a while."""
    _outside.difference_update([each for each in _outside if each.is_closing()])
    if len(_outside) >= MOST_OUTSIDE:
        transport.abort()
        return
    _outside.add(transport)
    asyncio.get_running_loop().call_later(OUTSIDE_SECONDS, transport.abort)


def hang_up(scope: Scope) -> None:
    """Give up a connection at once, with all that waits to be read from it."""
    scope["state"][_HANG_UP]()


def _visitor(connection: HTTPConnection) -> str:
    client = connection.client
    if client is None or not client.host.startswith(_ACCOUNT):
        return UNKNOWN
    user = int(client.host.removeprefix(_ACCOUNT))
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)  # an account of another machine, or one that is gone


Visitor = Annotated[str, Depends(_visitor)]
"""Name of the account."""
