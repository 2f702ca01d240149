"""Events as `text/event-stream`: an answer that does not end, which browsers and curl can read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing

import msgspec
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from voicectl.errors import NotFound
from voicectl.events import Event
from voicectl_daemon import visitors
from voicectl_daemon.api.events import SLOW_SECONDS
from voicectl_daemon.bus import Bus, Wanted

MEDIA = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
"""After so long without an event a comment is sent: it tells who has gone, and keeps proxies."""
_ALIVE = b":\n\n"


class Stream(StreamingResponse):
    """Events until there are no more, the client leaves, or it is too slow."""

    media_type = MEDIA

    def __init__(self, bus: Bus, wanted: Wanted, standing: Callable[[], Iterable[Event]]) -> None:
        self._events = _told(bus, wanted, standing)
        super().__init__(self._events, headers={"cache-control": "no-store"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; hang up on a client that does not read."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(SLOW_SECONDS):
                await send(message)

        async with aclosing(self._events):
            try:
                await super().__call__(scope, receive, in_time)
            except TimeoutError:
                visitors.hang_up(scope)
                while (await receive())["type"] != "http.disconnect":
                    pass


async def _told(
    bus: Bus, wanted: Wanted, standing: Callable[[], Iterable[Event]]
) -> AsyncGenerator[bytes]:
    """Yield where things stand, then what happens."""
    with bus.listening(wanted) as listener:
        yield _ALIVE  # from here on the client counts on missing nothing
        try:
            told = list(standing())
        except NotFound:
            return  # the call was deleted just now
        for event in told:
            yield _written(event)
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    coming = await listener.next()
            except TimeoutError:
                yield _ALIVE
                continue
            if coming is None:
                return
            yield _written(coming)


def _written(event: Event) -> bytes:
    return b"data: " + msgspec.json.encode(event) + b"\n\n"
