"""Webhooks: whether each may be sent, can be signed, and is heard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from voicectl import config
from voicectl.errors import VoicectlError
from voicectl.health import Finding
from voicectl.printable import count
from voicectl.results import WebhookLine
from voicectl.webhook import Webhook
from voicectl_daemon.doctor import Patient, ok, problem, warning
from voicectl_daemon.doctor.service import SILENT, ask
from voicectl_daemon.webhooks import addresses, signing


def webhooks(patient: Patient) -> Iterator[Finding]:
    """Look at every webhook of the config; nothing is sent."""
    settings = config.read(patient.config)
    wrong: list[Finding] = []
    for hook in settings.webhook:
        wrong += _unfit(hook, settings.premises.hosts)
    if settings.webhook:
        wrong += _of_daemon(patient)
        number = len(settings.webhook)
        text = "1 is configured" if number == 1 else f"{number} are configured"
        yield from wrong or [ok("webhooks", f"{text}; see: voicectl webhooks list")]


def _unfit(hook: Webhook, hosts: tuple[str, ...]) -> Iterator[Finding]:
    """Yield what keeps it from being sent, as far as that can be seen without asking anybody."""
    try:
        signing.secrets_in(Path(hook.secret_file))
        if addresses.is_abroad(hook.host):
            addresses.demand_that_it_may_leave(hook, hosts)
    except VoicectlError as error:
        yield problem("webhooks", f"'{hook.name}' cannot be sent: {error.text}", error.hint)


def _of_daemon(patient: Patient) -> Iterator[Finding]:
    try:
        lines = ask(patient.home.socket, "/v1/webhooks", list[WebhookLine])
    except SILENT:
        return
    for line in lines:
        if line.disabled:
            text = f"'{line.name}' is told nothing any more: {line.problem}"
            yield problem("webhooks", text, f"voicectl webhooks retry {line.name}")
        elif line.failures:
            failed = count(line.failures, "attempt")
            text = f"{failed} in a row failed for '{line.name}': {line.problem}"
            yield warning("webhooks", text, f"voicectl webhooks test {line.name}")
        elif line.dead or line.dropped:
            text = f"given up for '{line.name}': {count(line.dead + line.dropped, 'event')}"
            yield warning("webhooks", text, f"voicectl webhooks dead {line.name}")
