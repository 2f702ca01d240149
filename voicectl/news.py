"""Events from the daemon, over a WebSocket at its door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from voicectl import parse
from voicectl.errors import DaemonUnreachable
from voicectl.events import Event
from voicectl.paths import Home, short
from voicectl.start import problem

MOST_NEWS = 500
"""Events that are handed over at once."""
CLOSE_SECONDS = 1.0
HANGS_UP = (1012, 1013)
"""How a WebSocket is closed by a daemon that wants to; anything else is an accident."""


def of(place: Home, path: str, attach: str) -> Iterator[tuple[Event, ...]]:
    """Yield events as they happen, those together that have come since the last were taken.

    It ends when the daemon leaves on purpose, or when this listener was too slow
    for it. `attach` is the command that comes back. Raises `DaemonUnreachable`,
    and what the daemon raised.
    """
    from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
    from websockets.sync.client import unix_connect

    try:
        with (
            short(place.socket) as name,
            # No pings: the kernel tells of an end that is gone, and whoever writes files
            # to a slow disk meanwhile answers none.
            unix_connect(
                name,
                f"ws://voicectl{path}",
                max_size=None,
                close_timeout=CLOSE_SECONDS,
                ping_interval=None,
            ) as line,
        ):
            for first in line:
                messages = [first]
                # A line that was closed says so when the next one is waited for.
                with suppress(TimeoutError, ConnectionClosed):
                    while len(messages) < MOST_NEWS:
                        messages.append(line.recv(timeout=0))
                yield tuple(parse.json(each, Event) for each in messages)
    except InvalidStatus as error:
        raise problem(error.response.status_code, error.response.body or b"") from error
    except (OSError, WebSocketException) as error:
        closed = error.rcvd if isinstance(error, ConnectionClosed) else None
        if closed is not None and closed.code in HANGS_UP:
            return
        raise DaemonUnreachable(
            "the daemon went away while it was watched",
            hint=f"what is queued is kept; attach again with: {attach}",
        ) from error
