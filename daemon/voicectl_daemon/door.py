"""The door: FastAPI on a Unix socket that only its owner can open."""

from __future__ import annotations

import grp
import os
import socket
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from voicectl import __version__
from voicectl.errors import ConfigError, VoicectlError
from voicectl_daemon.api import calls, events, jobs, system
from voicectl_daemon.parts import Parts


def build(parts: Parts) -> FastAPI:
    """Return the application with all its routes."""
    app = FastAPI(title="voicectl", version=__version__, docs_url=None, redoc_url=None)
    app.state.parts = parts
    for noun in (system, jobs, calls, events):
        app.include_router(noun.router)
    app.add_middleware(_Visitors, parts=parts)
    app.add_exception_handler(VoicectlError, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _no_such_door)
    return app


class _Visitors:
    """Counts who is inside, so that a daemon started on demand knows when to leave."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._presence = parts.presence

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._presence.enter()
        try:
            await self._app(scope, receive, send)
        finally:
            self._presence.leave()


async def _refused(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, VoicectlError)  # noqa: S101, registered for this class only
    return JSONResponse(error.to_wire(), status_code=error.http_status)


async def _misread(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101, as above
    first: dict[str, Any] = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    text = f"the request cannot be understood: {where}: {first['msg']}"
    return JSONResponse({"code": "usage", "text": text, "hint": ""}, status_code=422)


async def _no_such_door(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101, as above
    code = "not_found" if error.status_code == 404 else "usage"
    return JSONResponse({"code": code, "text": str(error.detail), "hint": ""}, error.status_code)


def bind(path: Path, group: str | None) -> socket.socket:
    """Return a listening socket at `path`, private unless a group is named.

    The socket is bound here and handed to uvicorn, which would make it
    writable for everybody.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.parent.stat().st_uid != os.getuid():
        raise ConfigError(f"{path.parent} belongs to somebody else: the door cannot be there")
    path.parent.chmod(0o750 if group else 0o700)
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        door.bind(str(path))
    finally:
        os.umask(before)
    if group:
        _share(path, group)
    return door


def _share(path: Path, group: str) -> None:
    try:
        gid = grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise ConfigError(f"socket_group: there is no group '{group}'") from error
    os.chown(path.parent, -1, gid)
    os.chown(path, -1, gid)
    path.chmod(0o660)
