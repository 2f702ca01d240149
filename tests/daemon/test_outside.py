"""Numbers over TCP, where a site wants them: those, and nothing else."""

from __future__ import annotations

import re
import socket
from contextlib import ExitStack, closing, suppress
from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.line import serve
from voicectl_daemon.visitors import MOST_OUTSIDE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Site

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def port_of(site: Site) -> int:
    """Return the port that the log names."""
    found = re.search(
        r"metrics and health are at 127.0.0.1 port (\d+)", (site.folder / "serve.log").read_text()
    )
    assert found
    return int(found[1])


def test_numbers_are_outside_and_nothing_else(site: Site, weights: Path) -> None:
    with serve(site, '[daemon]\nmetrics = "127.0.0.1:0"\n'):
        where = f"127.0.0.1:{port_of(site)}"
        inside = httpx.HTTPTransport(uds=str(site.home.socket))
        with (
            httpx.Client(transport=inside, base_url="http://voicectl") as door,
            httpx.Client(base_url=f"http://{where}") as http,
        ):
            site.wait_until(lambda: http.get("/health").json()["state"] == "ok", "it is well")
            numbers = http.get("/metrics")
            assert numbers.status_code == 200
            assert "voicectl_uptime_seconds" in numbers.text
            paths = set(door.get("/openapi.json").json()["paths"]) - {"/health", "/metrics"}
            assert len(paths) > 20
            for path in (*paths, "/openapi.json", "/docs", "/"):
                told = {http.request(method, path).status_code for method in METHODS}
                assert told == {404}, path
            assert http.post("/metrics").status_code == 405
            assert door.get("/v1/status").status_code == 200
            pretends = {"x-forwarded-for": "account:0", "forwarded": "for=account:0"}
            assert http.get("/v1/status", headers=pretends).status_code == 404
        for path in ("/v1/events", "/v1/live/events"):
            with pytest.raises(InvalidStatus, match="403"):
                connect(f"ws://{where}{path}")


def test_a_crowd_outside_is_kept_small(site: Site, weights: Path) -> None:
    with serve(site, '[daemon]\nmetrics = "127.0.0.1:0"\n'), ExitStack() as crowd:
        where = ("127.0.0.1", port_of(site))
        for _ in range(MOST_OUTSIDE):
            crowd.enter_context(closing(socket.create_connection(where, 10)))
        late = crowd.enter_context(closing(socket.create_connection(where, 10)))
        with suppress(ConnectionResetError):
            assert late.recv(1) == b""
        crowd.close()

        def answers() -> bool:
            try:
                return httpx.get(f"http://{where[0]}:{where[1]}/health").status_code == 200
            except httpx.TransportError:
                return False

        site.wait_until(answers, "there is room again")


def test_a_port_that_is_taken_keeps_no_call_away(site: Site, weights: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(site, f'[daemon]\nmetrics = "127.0.0.1:{port}"\n') as line:
            assert line.door.status().pid
        log = (site.folder / "serve.log").read_text()
        assert f"there are no metrics at 127.0.0.1 port {port}: Address already in use" in log
