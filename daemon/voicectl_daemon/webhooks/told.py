"""The webhooks of the site: what happens is written down for them, and sent.

Whoever publishes an event is held up for no longer than a queue takes to put it in.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from voicectl.audit import Log
from voicectl.config import Config
from voicectl.errors import DiskFull, NotFound
from voicectl.events import Event, EventKind
from voicectl.paths import Home
from voicectl.results import DeadEvent, Pinged, WebhookLine
from voicectl.webhook import Webhook
from voicectl_daemon import unforeseen
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.webhooks.bodies import body_of
from voicectl_daemon.webhooks.deliveries import Deliveries, Fresh
from voicectl_daemon.work.held import FULL_DISK_SECONDS

if TYPE_CHECKING:
    from voicectl_daemon.webhooks.sending import Sending

MOST_UNWRITTEN = 10_000
"""Events that may wait for room on the disk; of more the latest are lost."""
TOGETHER = 100
"""Events that are written down at once."""
TIDY_SECONDS = 60.0
STOP_SECONDS = 5.0
AT_ONCE = frozenset({EventKind.CALL_ESCALATED})
"""Kinds that whoever publishes them has written down, see `Webhooks.keep`."""

log = logging.getLogger(__name__)


class Webhooks:
    """One thread that writes down, and one that sends; methods may be called from any other."""

    def __init__(self, ledger: Ledger, settings: Config, home: Home) -> None:
        self.deliveries = Deliveries(ledger)
        self._hooks = settings.webhook
        self._hosts = frozenset(settings.premises.hosts)
        self._audit = Log(home.audit)
        self._sending: Sending | None = None
        self._wanted = _wanted(self._hooks)
        self._unwritten: queue.Queue[Event | None] = queue.Queue(MOST_UNWRITTEN)
        self._lost = 0
        self._stopping = threading.Event()
        self._tidied = time.monotonic()
        self._thread = threading.Thread(target=self._write, name="webhooks' book", daemon=True)

    def happened(self, event: Event) -> None:
        """Take in an event, at once."""
        if event.kind not in self._wanted:
            return
        try:
            self._unwritten.put_nowait(event)
        except queue.Full:
            self._lost += 1

    def keep(self, event: Event) -> tuple[str, ...]:
        """Write an event down before going on: somebody relies on it. Return who will be told.

        It is one of `AT_ONCE`. Raises `DiskFull`.
        """
        told = list(self._told(event))
        self.deliveries.add(told)
        if self._sending is not None:
            self._sending.wake()
        gone = self.deliveries.disabled()
        return tuple(each.hook for each in told if each.hook not in gone)

    def start(self) -> None:
        """Take up what an earlier daemon left."""
        self.deliveries.open()
        self._thread.start()
        self.change(self._hooks)

    def stop(self) -> None:
        """Write down what has happened, and send no more."""
        self._stopping.set()
        if self._thread.is_alive():
            with suppress(queue.Full):  # it is being emptied
                self._unwritten.put(None, timeout=STOP_SECONDS)
            self._thread.join(STOP_SECONDS)
        if self._sending is not None:
            self._sending.stop()

    def change(self, hooks: tuple[Webhook, ...]) -> None:
        """Tell these, and no others."""
        self.deliveries.agree(hooks)
        self._hooks, self._wanted = hooks, _wanted(hooks)
        if self._sending is not None:
            self._sending.change(hooks)
        elif hooks:
            from voicectl_daemon.webhooks.sending import Sending  # most sites have none

            self._sending = Sending(self.deliveries, self._hosts, self._audit.leave)
            self._sending.start(hooks)

    def lines(self) -> list[WebhookLine]:
        """Return the webhooks of the config, and how each is doing."""
        return self.deliveries.lines(self._hooks)

    def dead(self, name: str | None, limit: int) -> list[DeadEvent]:
        """Return events that were given up, the latest first. Raises `NotFound`."""
        return self.deliveries.dead(self._find(name).name if name else None, limit)

    def retry(self, name: str, event: str | None) -> int:
        """Send dead events again, at once; return how many. Raises `NotFound`."""
        count = self.deliveries.retry(self._find(name).name, event)
        if self._sending is not None:
            self._sending.wake()
        return count

    def test(self, name: str) -> Pinged:
        """Send a webhook a ping. Raises `NotFound`, and what keeps it from being sent."""
        hook, began = self._find(name), time.monotonic()
        assert self._sending is not None  # noqa: S101, there is a webhook
        answer = self._sending.ping(hook)
        if answer.heard:
            self.deliveries.arrived(name, None)
        took = round(time.monotonic() - began, 3)
        return Pinged(answer.heard, answer.text, answer.hint, took)

    def _find(self, name: str) -> Webhook:
        for hook in self._hooks:
            if hook.name == name:
                return hook
        raise NotFound(
            f"there is no webhook called '{name}'", hint="list them with: voicectl webhooks list"
        )

    def _write(self) -> None:
        while True:
            events = list(self._together())
            fresh: list[Fresh] = []
            for event in filter(None, events):  # one that cannot be told holds up no other
                with unforeseen.survived(log, f"unexpected at '{event.kind}' for webhooks"):
                    fresh += self._told(event)
            self._keep(fresh)
            if None in events:
                return

    def _together(self) -> Iterator[Event | None]:
        """Wait for something to happen; yield it, and what has happened besides."""
        try:
            yield self._unwritten.get(timeout=TIDY_SECONDS)
            for _ in range(TOGETHER):
                yield self._unwritten.get_nowait()
        except queue.Empty:
            return

    def _keep(self, events: Sequence[Fresh]) -> None:
        """Write events down; wait for a full disk."""
        with unforeseen.survived(log, "unexpected at events for webhooks"):
            while not self._written(events):
                if self._stopping.wait(FULL_DISK_SECONDS):
                    return
            self._tidy()

    def _written(self, events: Sequence[Fresh]) -> bool:
        if not events:
            return True
        try:
            self.deliveries.add(events)
        except DiskFull as error:
            log.warning("webhooks are not told: %s", error.text)
            return False
        if self._sending is not None:
            self._sending.wake()
        return True

    def _tidy(self) -> None:
        if self._lost:
            log.error("%d events were not written down for webhooks", self._lost)
            self._lost = 0
        if time.monotonic() - self._tidied > TIDY_SECONDS:
            self._tidied = time.monotonic()
            self.deliveries.tidy()

    def _told(self, event: Event) -> Iterator[Fresh]:
        call = event.call
        if event.kind is EventKind.JOB_FINISHED and event.job:
            call = self.deliveries.of_job(event.job)
        for hook in self._hooks:
            if event.kind in hook.events:
                body = body_of(event, call, words=hook.words)
                yield Fresh(hook.name, event.tenant, event.kind, call, body)


def _wanted(hooks: Sequence[Webhook]) -> frozenset[str]:
    return frozenset(kind for hook in hooks for kind in hook.events) - AT_ONCE
