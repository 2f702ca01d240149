"""Sends what webhooks are to be told: one thread, and in it one task for each, that waits for none.

A receiver that fails is asked again after longer and longer pauses; while it fails, other events
for it are held back a little as well.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from voicectl.errors import VoicectlError
from voicectl.webhook import Webhook
from voicectl_daemon import ids, unforeseen
from voicectl_daemon.webhooks import bodies
from voicectl_daemon.webhooks.deliveries import Deliveries, Delivery
from voicectl_daemon.webhooks.posting import GONE, Answer, Leave, Message, Post
from voicectl_daemon.work.held import FULL_DISK_SECONDS

HOUR = 3600.0
PAUSES = (
    5.0, 300.0, 1800.0, 2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
    24 * HOUR,
)  # fmt: skip
"""Seconds before each further attempt, as Standard Webhooks proposes them."""
JITTER = 0.2
"""Of a pause, by which it may be longer: receivers that come back are not asked by all at once."""
LONGEST_ASKED = 24 * HOUR
"""What a receiver asks to wait is heeded up to here."""
LONGEST_REST = 60.0
"""Seconds for which other events are held back while a receiver fails."""
LOOK_SECONDS = 60.0
"""How often it is looked for what nobody told of: the clock was set."""
MARGIN_SECONDS = 30.0
"""By which a lease is longer than an attempt."""
STOP_SECONDS = 5.0

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class _Served:
    hook: Webhook
    wake: asyncio.Event
    task: asyncio.Task[None] | None = None


class Sending:
    """The thread; other methods may be called from any other one."""

    def __init__(
        self,
        deliveries: Deliveries,
        hosts: frozenset[str],
        leave: Leave,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        """`hosts`: those beyond private networks that may be sent to. `pauses`: in seconds."""
        self._deliveries = deliveries
        self._post = Post(hosts, leave)
        self._pauses = pauses
        self._loop = asyncio.new_event_loop()
        self._leaving = asyncio.Event()
        self._served: dict[str, _Served] = {}
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self, hooks: Sequence[Webhook]) -> None:
        """Begin to send."""
        self._thread.start()
        self.change(hooks)

    def stop(self) -> None:
        """Send no more; what is on its way is sent again by the next daemon."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._leaving.set)
            self._thread.join(STOP_SECONDS)

    def change(self, hooks: Sequence[Webhook]) -> None:
        """Send to these, and no others."""
        self._ask(self._agree(hooks), STOP_SECONDS)

    def wake(self) -> None:
        """Look whether something is due."""
        self._loop.call_soon_threadsafe(self._wake)

    def ping(self, hook: Webhook) -> Answer:
        """Send a webhook something to try it, once."""
        body = bodies.ping(hook.name, datetime.now(UTC))
        message = Message(ids.fresh(16), None, body)
        patience = hook.timeout_seconds + MARGIN_SECONDS
        return self._ask(self._post.send(hook, message), patience)

    def _ask(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return asked.result(seconds)
        except TookTooLong:
            asked.cancel()
            raise VoicectlError("webhooks are not sent: their thread hangs") from None

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await self._leaving.wait()
        await self._agree(())
        await self._post.close()

    async def _agree(self, hooks: Sequence[Webhook]) -> None:
        wanted = {hook.name: hook for hook in hooks}
        ending = [
            served for name, served in self._served.items() if wanted.get(name) != served.hook
        ]
        for served in ending:
            del self._served[served.hook.name]
            if served.task is not None:
                served.task.cancel()
        await asyncio.gather(
            *(served.task for served in ending if served.task), return_exceptions=True
        )
        for name, hook in wanted.items():
            if name not in self._served:
                self._served[name] = served = _Served(hook, asyncio.Event())
                served.task = asyncio.create_task(self._see_to(served))

    def _wake(self) -> None:
        for served in self._served.values():
            served.wake.set()

    async def _see_to(self, served: _Served) -> None:
        """Send to one webhook, for ever."""
        while True:
            rest = FULL_DISK_SECONDS
            with unforeseen.survived(log, f"unexpected at the webhook '{served.hook.name}'"):
                rest = await self._next(served)
            await asyncio.sleep(rest)

    async def _next(self, served: _Served) -> float:
        """Make one attempt, or wait for something to do; return seconds to rest."""
        hook = served.hook
        served.wake.clear()
        lease = hook.timeout_seconds + MARGIN_SECONDS
        delivery = self._deliveries.claim(hook.name, lease)
        if delivery is None:
            waiting = self._deliveries.due_in(hook.name)
            longest = LOOK_SECONDS if waiting is None else min(waiting, LOOK_SECONDS)
            try:
                async with asyncio.timeout(longest):
                    await served.wake.wait()
            except TimeoutError:
                pass
            return 0.0
        return await self._attempt(hook, delivery)

    async def _attempt(self, hook: Webhook, delivery: Delivery) -> float:
        message = Message(delivery.id, delivery.call, delivery.body)
        answer = Answer(None, "something unexpected, which the log of the daemon tells")
        try:
            with unforeseen.survived(log, f"unexpected at an attempt to tell '{hook.name}'"):
                answer = await self._post.send(hook, message)
        except asyncio.CancelledError:  # somebody changes the config
            self._deliveries.let_go(delivery.id)
            raise
        return self._note(hook, delivery, answer)

    def _note(self, hook: Webhook, delivery: Delivery, answer: Answer) -> float:
        """Write down what became of an attempt; return seconds to rest."""
        if answer.heard:
            self._deliveries.arrived(hook.name, delivery.id)
            return 0.0
        if answer.status == GONE:
            self._deliveries.gone(hook.name)
            log.error("the webhook '%s' is gone, and is told nothing any more", hook.name)
            return 0.0
        pause = self._pause(hook, delivery.attempts, answer)
        failures = self._deliveries.failed(hook.name, delivery.id, answer.text, pause)
        if failures == 1 or pause is None:
            what = "an event is given up" if pause is None else "an event is sent again later"
            log.warning("the webhook '%s': %s; %s", hook.name, answer.text, what)
        return min(LONGEST_REST, max(0.25 * 2.0 ** min(failures, 8), answer.retry_after or 0.0))

    def _pause(self, hook: Webhook, failed: int, answer: Answer) -> float | None:
        """Return how long to wait before the next attempt; None when there is none."""
        if failed + 1 >= hook.attempts or failed >= len(self._pauses):
            return None
        usual = self._pauses[failed] * (1.0 + JITTER * random.random())  # noqa: S311, no secret
        return max(usual, min(answer.retry_after or 0.0, LONGEST_ASKED))
