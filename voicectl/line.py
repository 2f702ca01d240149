"""HTTP over one Unix socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from voicectl.paths import short

ANSWER_SECONDS = 120.0
"""How long an answer may take; rewriting a large store after a deletion is the longest."""
TABLE_SECONDS = 3600.0
"""How long a table may be in the making; a million segments take half a minute."""


class Line:
    """Connections to one socket."""

    def __init__(self, path: Path) -> None:
        self._kept = ExitStack()
        self._name = self._kept.enter_context(short(path))
        # The daemon hangs up on a silent connection after 5 s.
        limits = httpx.Limits(keepalive_expiry=2.0)
        self._http = self._kept.enter_context(
            httpx.Client(
                # no TLS on a socket of one's own machine; reading the certificates takes 35 ms
                transport=httpx.HTTPTransport(uds=self._name, limits=limits, verify=False),
                base_url="http://voicectl",
                timeout=ANSWER_SECONDS,
            )
        )

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Make a request. Raises `OSError` when nobody listens, before anything was sent."""
        # httpx itself would leave a socket open that cannot be connected.
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(self._name)
        return self._http.request(method, path, **given)

    @contextmanager
    def stream(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> Iterator[httpx.Response]:
        """Make a request whose answer may be larger than memory."""
        given: Any = {"content": content, "headers": headers, "timeout": TABLE_SECONDS}
        with self._http.stream(method, path, **given) as answer:
            yield answer

    def close(self) -> None:
        """Hang up."""
        self._kept.close()
