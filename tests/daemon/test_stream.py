"""Events of calls in progress as `text/event-stream`."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn

from tests.conftest import cut_call
from tests.daemon.conftest import TENANT, WHEN
from tests.line import serve
from tests.waiting import wait_until
from voicectl.config import Config
from voicectl.events import Event, EventKind
from voicectl.live import CallState, LiveCall
from voicectl.paths import Home
from voicectl_daemon import door, main, visitors
from voicectl_daemon.api import stream
from voicectl_daemon.guard import Server

if TYPE_CHECKING:
    from tests.conftest import Site
    from voicectl_daemon.parts import Parts

LINE = """
[[listen]]
name = "pbx"
port = 0
[live]
language = "en"
post_call = ""
"""
CALL = LiveCall("c1", TENANT, "pbx", CallState.CONNECTED, WHEN, "SIP/1")


@contextmanager
def listening(path: Path, call: str = "") -> Iterator[Iterator[dict[str, Any] | None]]:
    """Listen; None stands for a comment."""
    transport = httpx.HTTPTransport(uds=str(path))
    with (
        httpx.Client(transport=transport, base_url="http://voicectl", timeout=60) as client,
        client.stream("GET", "/v1/live/stream", params={"call": call} if call else {}) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = (line for line in answer.iter_lines() if line)
        yield (json.loads(line.removeprefix("data: ")) if line != ":" else None for line in lines)


def test_a_call_is_told_as_over_a_websocket(site: Site, weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(cut_call(0.0, 8.0))
    with serve(site, LINE) as line:
        told = []
        with listening(site.home.socket) as events, line.played(path):
            for event in events:
                told += [event] if event else []
                if event and (event["detail"] or {}).get("told"):
                    break
        kinds = {event["kind"] for event in told}
        assert {"call.connected", "transcript.turn", "call.progress", "call.ended"} <= kinds
        (call,) = line.door.live(ended=True)
        turns = {event["detail"]["id"]: event["detail"]["text"] for event in told
                 if event["kind"] == "transcript.turn"}  # fmt: skip
        assert turns == {turn.id: turn.text for turn in line.door.live_call(call.id).turns}

        late = []
        with listening(site.home.socket, call.id[:6]) as events:
            for event in events:
                late += [event] if event else []
                if event and event["kind"] == "call.ended":
                    break
        assert [event["kind"] for event in late][:2] == ["call.connected", "transcript.turn"]
        assert {event["detail"]["text"] for event in late[1:-1]} == set(turns.values())

        transport = httpx.HTTPTransport(uds=str(site.home.socket))
        with httpx.Client(transport=transport, base_url="http://voicectl") as client:
            nobody = client.get("/v1/live/stream", params={"call": "nobody"})
        assert (nobody.status_code, nobody.json()["code"]) == (404, "not_found")

        with listening(site.home.socket) as events:
            assert next(events) is None
            line.door.stop()
            list(events)


@pytest.fixture
def house(tmp_path: Path, weights: Path) -> Iterator[tuple[Parts, Path]]:
    """A door without a process of its own."""
    with ExitStack() as stack:
        settings = Config(models=str(weights))
        parts = main.build(Home(tmp_path), settings, stack, on_demand=False)
        listening_ = door.bind(parts.home.socket, None)
        options = uvicorn.Config(
            door.build(parts), log_config=None, http=visitors.Known, lifespan="off"
        )
        server = Server(options, parts)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening_]})
        thread.start()
        stack.callback(thread.join)
        stack.callback(setattr, server, "should_exit", True)
        wait_until(lambda: server.started, "the door is open")
        yield parts, parts.home.socket


def test_who_hears_nothing_is_told_that_the_line_is_up(
    house: tuple[Parts, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_SECONDS", 0.05)
    parts, path = house
    parts.switchboard.calls.begin(CALL)
    parts.switchboard.calls.begin(replace(CALL, id="other"))
    with listening(path, "c1") as events:
        assert next(events) is None
        connected = next(events)
        assert connected is not None
        assert connected["call"] == "c1"
        assert [next(events) for _ in range(3)] == [None] * 3
        parts.switchboard.calls.warn("other", "not asked for")
        parts.switchboard.calls.warn("c1", "the line is\nbad")
        warned = next(event for event in events if event)
        assert warned["detail"] == {"text": "the line is\nbad"}
    wait_until(lambda: parts.presence.empty_for() > 0, "who has left is not waited for")


def test_who_does_not_read_is_hung_up_on(
    house: tuple[Parts, Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(stream, "SLOW_SECONDS", 0.2)
    parts, path = house
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(path))
        line.sendall(b"GET /v1/live/stream HTTP/1.1\r\nhost: x\r\n\r\n")
        head = b""
        while b":\n\n" not in head:
            head += line.recv(1000)
        detail = {"text": "x" * 100_000}
        for _ in range(50):
            parts.books.bus.publish(Event(EventKind.CALL_WARNING, WHEN, TENANT, detail=detail))
        wait_until(lambda: parts.presence.empty_for() > 0, "it is let go")
        line.settimeout(10)
        with suppress(ConnectionResetError):
            while line.recv(1 << 20):
                pass
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
