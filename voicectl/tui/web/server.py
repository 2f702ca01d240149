"""Serves the monitor to browsers: a process for each, and none comes in without the key.

The key is asked for on loopback, too: other users of the machine reach it there, and so does every
page that somebody has open in a browser.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import shlex
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from aiohttp import web
from textual_serve.server import Server

MOST = 20
"""Browsers at a time; each takes a process of some 60 MB."""
STOP_SECONDS = 5.0
"""For which browsers are waited for at the end."""
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Web(Server):
    """One address at which the monitor is."""

    def __init__(self, host: str, port: int, key: str, ready: Callable[[], None]) -> None:
        """`ready` is called when browsers may come."""
        # Without the shell in between it sees when this process is gone.
        command = "exec " + shlex.join([sys.executable, "-P", "-m", "voicectl.tui.web"])
        here = str(Path(__file__).parent)
        super().__init__(command, host, port, title="voicectl monitor", templates_path=here)
        self._key = key
        # A browser sends cookies to every port of a host, so it is given no key, and a name.
        self._cookie = f"voicectl-{port}"
        self._pass = hashlib.sha256(f"monitor {port} {key}".encode()).hexdigest()
        self._ready = ready
        self._open = 0

    def initialize_logging(self) -> None:
        """Say little: traces would show what was said in calls."""
        logging.basicConfig(level=logging.ERROR, format="voicectl: %(name)s: %(message)s")
        logging.getLogger("textual-serve").addFilter(_without_trace)

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: nobody listens yet."""

    def serve(self, debug: bool = False) -> None:
        """Serve until Ctrl-C or SIGTERM. Raises `OSError` when the address cannot be had."""
        self.initialize_logging()
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            print=lambda *_: self._ready(),
            access_log=None,  # it would have the key
            shutdown_timeout=STOP_SECONDS,
        )

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let nobody in who does not have the key, nor a page of another site in a browser."""
        given = request.query.get("key")
        if request.path == "/" and given is not None and _same(given, self._key):
            # Off the address, and so out of the browser's history.
            answer = web.Response(status=303, headers={"Location": "/"} | HEADERS)
            answer.set_cookie(self._cookie, self._pass, httponly=True, samesite="Strict")
            return answer
        if not _same(request.cookies.get(self._cookie, ""), self._pass):
            text = "The address that `voicectl monitor --web` told has the key in it.\n"
            return web.Response(status=403, text=text, headers=HEADERS)
        if request.path == "/ws":
            return await self._one_more(request, handler)
        answered = await handler(request)
        answered.headers.update(HEADERS)
        return answered

    async def _one_more(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        origin = request.headers.get("Origin", "")
        if origin.partition("://")[2] != request.host:
            return web.Response(status=403, text="This is no page of ours.\n", headers=HEADERS)
        if self._open >= MOST:
            return web.Response(status=503, text=f"{MOST} browsers are here.\n", headers=HEADERS)
        self._open += 1
        try:
            return await handler(request)
        finally:
            self._open -= 1


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def _without_trace(record: logging.LogRecord) -> bool:
    record.exc_info = None
    return True
