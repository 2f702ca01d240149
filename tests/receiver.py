"""Whoever webhooks are sent to, and a ledger and a log for whoever sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.service import Asked, Behaviour, Service
from voicectl.audit import Log
from voicectl.webhook import Webhook
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.webhooks.deliveries import Deliveries, Fresh
from voicectl_daemon.webhooks.sending import Sending

SECRET = b"thirty-two bytes nobody can guess"
OTHER = b"what it was until last Saturday!"
KINDS = ("call.connected", "call.ended", "call.alert", "call.analysis")
SOON = (0.05,) * 11
"""Seconds; real ones are hours."""


def line(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()


def verified(asked: dict[str, str], body: bytes, secret: bytes = SECRET) -> bool:
    """Verify as a receiver would that has read the specification, and nothing of ours."""
    asked = {name.lower(): value for name, value in asked.items()}
    signed = b".".join((asked["webhook-id"].encode(), asked["webhook-timestamp"].encode(), body))
    wanted = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest())
    fresh = abs(int(asked["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 300
    given = asked["webhook-signature"].split(" ")
    return fresh and any(hmac.compare_digest(each.encode(), b"v1," + wanted) for each in given)


def saying(status: int, **more: str) -> Behaviour:
    return lambda asked: asked.respond(status, b"it was said that", **more)


def trickling(asked: Asked) -> None:
    """Send headers for ever, each piece in time."""
    asked.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not asked.server.service.over.wait(0.02):
        asked.wfile.write(b"x")


def flooding_well(asked: Asked) -> None:
    """Say that it was heard, and much else."""
    asked.send_response(200)
    asked.send_header("content-length", str(1 << 40))
    asked.end_headers()
    while not asked.server.service.over.is_set():
        asked.wfile.write(b"x" * 0x10000)


class Rig:
    """A ledger, a log, and whoever sends."""

    def __init__(self, folder: Path, ledger: Ledger) -> None:
        self.secret = folder / "hook.secret"
        self.secret.write_text(line(SECRET))
        self.secret.chmod(0o600)
        self.ledger = ledger
        self.deliveries = Deliveries(ledger)
        self.log = Log(folder / "audit.jsonl")
        self.sending: list[Sending] = []

    def hook(self, url: str, name: str = "crm", **more: Any) -> Webhook:
        more = {"events": ("call.alert",), "timeout_seconds": 5.0} | more
        return Webhook(name=name, url=url, secret_file=str(self.secret), **more)

    def send(self, *hooks: Webhook, hosts: tuple[str, ...] = ()) -> Sending:
        self.deliveries.agree(hooks)
        made = Sending(self.deliveries, frozenset(hosts), self.log.leave, SOON)
        made.start(hooks)
        self.sending.append(made)
        return made

    def add(self, *bodies: bytes, hook: str = "crm") -> None:
        events = [Fresh(hook, "default", "call.alert", "call1", body) for body in bodies]
        self.deliveries.add(events)
        for each in self.sending:
            each.wake()

    def problem(self, hook: Webhook) -> str:
        """Why the last attempt failed, also when later ones did not."""
        rows = self.ledger.rows("SELECT problem FROM webhook WHERE name=?", hook.name)
        return str(rows[0]["problem"])

    def nothing_left(self, hook: Webhook) -> bool:
        (told,) = self.deliveries.lines([hook])
        return not told.waiting


def ids(service: Service) -> list[str]:
    return [each["webhook-id"] for each in service.headers]
