"""The door: FastAPI on a Unix socket that only its owner can open."""

from __future__ import annotations

import grp
import logging
import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import HTTPException as Refusal
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from voicectl import __version__, paths
from voicectl.errors import ConfigError, VoicectlError
from voicectl.types import Problem
from voicectl_daemon import visitors
from voicectl_daemon.api import (
    audit,
    calls,
    events,
    feedback,
    jobs,
    live,
    marks,
    meaning,
    recipes,
    reports,
    schedules,
    system,
    unmasking,
    webhooks,
)
from voicectl_daemon.parts import Parts

log = logging.getLogger(__name__)

UPLOADS = "/v1/uploads"
"""The only thing that is not read into memory whole."""
LONGEST_BODY = 64 * 1024 * 1024
"""Bytes; enough to hand in 200,000 recordings at once."""
REFUSALS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "What cannot be done, and why"},
    "5XX": {"model": Problem, "description": "What went wrong, and what to do"},
}


def build(parts: Parts) -> FastAPI:
    """Return the application with all its routes."""
    app = FastAPI(title="voicectl", version=__version__, docs_url=None, redoc_url=None)
    app.state.parts = parts
    nouns = (
        system,
        audit,
        recipes,
        schedules,
        webhooks,
        jobs,
        calls,
        reports,
        feedback,
        meaning,
        marks,
        unmasking,
        live,
        events,
    )
    for noun in nouns:
        app.include_router(noun.router, responses=REFUSALS)
    app.include_router(system.plain, responses=REFUSALS)
    app.add_middleware(_Visitors, parts=parts)
    _answer_for_errors(app)
    return app


def _answer_for_errors(app: FastAPI) -> None:
    app.add_exception_handler(VoicectlError, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    app.add_exception_handler(HTTPException, _no_such_door)
    app.add_exception_handler(Exception, _broken)


def build_for_all(parts: Parts) -> ASGIApp:
    """Return what is served: all routes at the Unix socket, and elsewhere nothing but numbers."""
    inside = build(parts)
    outside = FastAPI(title="voicectl", version=__version__, openapi_url=None)
    outside.state.parts = parts
    outside.include_router(system.plain)
    _answer_for_errors(outside)

    async def served(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = inside if visitors.local(scope) else outside
        await chosen(scope, receive, send)

    return served


class _Visitors:
    """Counts who is inside, so that a daemon started on demand knows when to leave."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._presence = parts.presence
        self._metrics = parts.books.bus.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._presence.enter()
        send = self._counted(scope, send) if scope["type"] == "http" else send
        if scope["type"] == "http" and not scope["path"].startswith(UPLOADS):
            receive = _measured(receive)
        try:
            await self._app(scope, receive, send)
        finally:
            self._presence.leave()

    def _counted(self, scope: Scope, send: Send) -> Send:
        """Count a request when its answer begins."""
        began = time.monotonic()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "none")
                method = scope["method"] if route != "none" else "any"  # what came may be anything
                took = time.monotonic() - began
                self._metrics.visited(method, route, message["status"], took)
            await send(message)

        return counted


def _measured(receive: Receive) -> Receive:
    """Take in what a request has to say, but not without end: it is kept in memory."""
    taken = 0

    async def measured() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > LONGEST_BODY:
            raise Refusal(413, f"a request may not be longer than {LONGEST_BODY >> 20} MiB")
        return message

    return measured


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
    wire = {"code": code, "text": str(error.detail), "hint": ""}
    return JSONResponse(wire, error.status_code, error.headers)


async def _broken(_request: Request, error: Exception) -> JSONResponse:
    """Answer for a bug of ours; the trace goes to the log."""
    text = f"something unexpected happened in the daemon: {type(error).__name__}"
    return JSONResponse({"code": "error", "text": text, "hint": "its log says more"}, 500)


def bind(path: Path, group: str | None) -> socket.socket:
    """Return a listening socket at `path`, private unless a group is named.

    The socket is bound here and handed to uvicorn, which would make it
    writable for everybody.
    """
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_uid != os.getuid():
        raise ConfigError(f"{folder} belongs to somebody else: the door cannot be there")
    folder.chmod(0o700)
    path.unlink(missing_ok=True)
    with ExitStack() as undo:
        door = undo.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        with paths.short(path) as name:
            door.bind(name)
        path.chmod(0o600)  # in a folder that nobody else can enter
        if group:
            _share(path, group)
        undo.pop_all()
    return door


def _share(path: Path, group: str) -> None:
    """Let a group through the data folder, which it cannot list, to the socket."""
    try:
        gid = grp.getgrnam(group).gr_gid
        for step, mode in ((path, 0o660), (path.parent, 0o710), (path.parent.parent, 0o710)):
            os.chown(step, -1, gid)
            step.chmod(mode)
    except KeyError as error:
        raise ConfigError(f"socket_group: there is no group '{group}'") from error
    except PermissionError as error:
        raise ConfigError(
            f"socket_group: this user may not give the socket to the group '{group}'",
            hint=f"make the user a member of it: usermod -aG {group} USER",
        ) from error


def bind_metrics(at: tuple[str, int] | None) -> list[socket.socket]:
    """Return the socket for those who ask for numbers; none, said in the log, if it cannot be."""
    if at is None:
        return []
    host, port = at
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        opened = socket.create_server((host, port), family=family)
    except OSError as error:
        log.error("there are no metrics at %s port %d: %s", host, port, error.strerror)  # noqa: TRY400, no bug of ours
        return []
    log.info("metrics and health are at %s port %d", host, opened.getsockname()[1])
    return [opened]
