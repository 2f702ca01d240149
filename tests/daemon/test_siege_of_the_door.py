"""Whoever may open the socket may be broken or malicious: the others are served all the same."""

from __future__ import annotations

import http.client
import resource
import socket
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk

CROWD = 600
LISTEN = (
    b"GET /v1/events HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def crowd(site: Site, kept: ExitStack, said: bytes) -> list[socket.socket]:
    """Connect many times, say something, and never listen."""
    lines = []
    for _ in range(CROWD):
        line = kept.enter_context(socket.socket(socket.AF_UNIX))
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(30)
        line.connect(str(site.home.socket))
        line.sendall(said)
        lines.append(line)
    return lines


def test_a_crowd_at_the_door(desk: Desk, site: Site, calls: Path) -> None:
    """Half a request, half a header, and listeners who do not: work goes on beside them."""
    pid = desk.door.status().pid
    process = psutil.Process(pid)
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 4 * CROWD:
        pytest.skip(f"the system allows {most} open files, and a crowd needs {4 * CROWD}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * CROWD), most))
    with ExitStack() as kept:
        kept.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, most))
        for said in (b"", b"GET /v1/status HTTP/1.1\r\nhost: x\r\nx-slow: ", LISTEN):
            crowd(site, kept, said)
        assert {str(task.state) for task in desk.do(*calls.iterdir())} == {"done"}
        assert process.num_fds() > 3 * CROWD - 100, "they are inside"
        assert desk.door.status().memory < 600_000_000
    site.wait_until(lambda: process.num_fds() < 100, "they are forgotten when they have gone")
    assert desk.door.status().pid == pid


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_request_without_end(desk: Desk, site: Site, announced: bool) -> None:
    """It is refused before it fills the memory."""
    with closing(http.client.HTTPConnection("voicectl")) as line:
        line.sock = socket.socket(socket.AF_UNIX)
        line.sock.settimeout(60)
        line.sock.connect(str(site.home.socket))
        blocks = (b" " * (1 << 20) for _ in range(200))
        size = {"content-length": str(200 << 20)} if announced else {}
        try:
            line.request("POST", "/v1/jobs", blocks, size, encode_chunked=not announced)
        except (BrokenPipeError, ConnectionResetError):
            pass
        else:
            assert line.getresponse().status == 413
    assert desk.door.status().memory < 600_000_000
    site.check()
