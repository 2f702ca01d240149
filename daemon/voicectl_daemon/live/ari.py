"""Asterisk's REST interface: what it is asked, and what it tells of channels.

The one place in the daemon that is a client of a WebSocket.
"""

from __future__ import annotations

import base64
import http.client
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias
from urllib.parse import quote, urlencode, urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import connect

from voicectl.asterisk.settings import Asterisk

ANSWER_SECONDS = 5.0
PING_SECONDS = 5.0
"""An Asterisk that is gone without a word is noticed within twice that."""
LARGEST = 1 << 20
"""Bytes of an event."""
SOURCES = "channel:,bridge:"
"""All channels and all bridges.

Not everything there is: the connection of an application that hears of the states
of devices, too, can lock for good when it breaks (asterisk/asterisk#2170), and none
of that name is answered again until Asterisk is started anew.
"""

Next: TypeAlias = Callable[[float], "str | bytes | None"]
"""Returns the next event; None when none came for so many seconds."""


class Unreachable(Exception):
    """It does not answer, or is something else; the sentence says why."""


class Refused(Exception):
    """An answer, and not the wanted one; the sentence says what."""

    def __init__(self, text: str, status: int) -> None:
        super().__init__(text)
        self.status = status


class Ari:
    """The interface, as one user."""

    def __init__(self, settings: Asterisk) -> None:
        self._settings = settings
        found = urlsplit(settings.ari)
        self._secure = found.scheme == "https"
        self._path = f"{found.path.rstrip('/').removesuffix('/ari')}/ari"

    def ask(self, method: str, *place: str, **given: str) -> bytes:
        """Return the answer. Raises `Refused`, `Unreachable`, `ConfigError`."""
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        line = kind(self._settings.host, self._settings.port, timeout=ANSWER_SECONDS)
        path = "/".join((self._path, *(quote(each, safe="") for each in place)))
        try:
            line.request(method, f"{path}?{urlencode(given)}", headers=self._known())
            answer = line.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(_why(error)) from error
        finally:
            line.close()
        if answer.status >= http.client.BAD_REQUEST:
            raise self._refused(answer.status, answer.reason)
        return body

    @contextmanager
    def events(self, app: str) -> Iterator[Next]:
        """Be told of what happens to channels and bridges while the block runs.

        Raises `Refused`, `Unreachable`, `ConfigError`, and so does what it yields.
        """
        scheme = "wss" if self._secure else "ws"
        where = f"{scheme}://{urlsplit(self._settings.ari).netloc}{self._path}/events"
        try:
            with connect(
                f"{where}?{urlencode({'app': app})}",
                additional_headers=self._known(),
                open_timeout=ANSWER_SECONDS, close_timeout=1.0, max_size=LARGEST,
                ping_interval=PING_SECONDS, ping_timeout=PING_SECONDS,
                compression=None, proxy=None,
            ) as line:  # fmt: skip
                self.ask("POST", "applications", app, "subscription", eventSource=SOURCES)

                def following(seconds: float) -> str | bytes | None:
                    try:
                        return line.recv(timeout=seconds)
                    except TimeoutError:
                        return None

                yield following
        except InvalidStatus as error:
            status = error.response.status_code
            raise self._refused(status, error.response.reason_phrase) from error
        except ConnectionClosed as error:
            raise Unreachable("it has closed the connection") from error
        except (OSError, WebSocketException) as error:
            raise Unreachable(_why(error)) from error

    def _known(self) -> dict[str, str]:
        given = f"{self._settings.user}:{self._settings.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(given).decode()}"}

    def _refused(self, status: int, reason: str) -> Refused:
        if status == http.client.UNAUTHORIZED:
            return Refused(
                f"that the user '{self._settings.user}' or the password is wrong", status
            )
        return Refused(f"{status} {reason}", status)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
