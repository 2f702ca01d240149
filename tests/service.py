"""A service on a real socket of this machine that answers as Anthropic's would, well or badly."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """One request; what becomes of it is said by the next behaviour of the service."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        service = self.server.service
        service.bodies.append(body)
        service.headers.append(dict(self.headers.items()))
        behaviours = service.behaviours
        behave = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        try:
            behave(self)
        except OSError:
            self.close_connection = True

    def respond(self, status: int, content: bytes, **headers: str) -> None:
        """Answer whole."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, so it is called there
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    service: Service


@dataclass
class Service:
    """What it does with the requests that come, and what it was asked."""

    behaviours: list[Behaviour]
    address: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def questions(self) -> list[dict[str, Any]]:
        """The requests, read."""
        return [json.loads(body) for body in self.bodies]


@contextmanager
def serving(*behaviours: Behaviour) -> Iterator[Service]:
    """Serve; the last behaviour goes on for ever."""
    server = _Server(("127.0.0.1", 0), Asked)
    server.service = service = Service(list(behaviours))
    service.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answering(found: Any) -> Behaviour:
    """Answer with what the tool is given."""
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [{"type": "tool_use", "id": "t", "name": "summary", "input": found}],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    return lambda asked: asked.respond(200, json.dumps(message).encode())


def refusing(status: int, **headers: str) -> Behaviour:
    """Answer with an error, which quotes what was sent as services like to do."""

    def behave(asked: Asked) -> None:
        sent = asked.server.service.bodies[-1].decode()[:500]
        error = {"type": "error", "error": {"type": "api_error", "message": f"no: {sent}"}}
        asked.respond(status, json.dumps(error).encode(), **headers)

    return behave


def hanging(asked: Asked) -> None:
    """Never answer."""
    asked.server.service.over.wait()


def closing(asked: Asked) -> None:
    """Break off in the middle of an answer."""
    asked.send_response(200)
    asked.send_header("content-type", "application/json")
    asked.send_header("content-length", "1000")
    asked.end_headers()
    asked.wfile.write(b'{"content": [')
    asked.close_connection = True


def endless(asked: Asked) -> None:
    """Answer for ever, in small pieces, each of which is in time."""
    asked.send_response(200)
    asked.send_header("content-type", "application/json")
    asked.send_header("transfer-encoding", "chunked")
    asked.end_headers()
    while not asked.server.service.over.wait(0.02):
        asked.wfile.write(b"4000\r\n" + b" " * 0x4000 + b"\r\n")


def flooding(asked: Asked) -> None:
    """Answer for ever, as fast as it goes."""
    asked.send_response(500)
    asked.send_header("transfer-encoding", "chunked")
    asked.end_headers()
    while not asked.server.service.over.is_set():
        asked.wfile.write(b"40000\r\n" + b"x" * 0x40000 + b"\r\n")
