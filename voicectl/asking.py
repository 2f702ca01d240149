"""How a client asks the daemon: over one socket, with an answer or an error of ours for each."""

from __future__ import annotations

from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from voicectl import __version__, parse
from voicectl.errors import DaemonUnreachable, DaemonVersion, NotFound
from voicectl.line import ANSWER_SECONDS, Line
from voicectl.paths import Home, home
from voicectl.start import NobodyThere, problem, start_daemon

T = TypeVar("T")


class Asking:
    """A connection to the daemon of one data folder, which is started where that is wanted."""

    def __init__(self, place: Home, *, start: bool = False) -> None:
        """With `start`, a daemon that is not there, or has left, is started when it is asked."""
        self.home = place
        self._may_start = start
        self._line: Line | None = None

    @classmethod
    def open(cls, *, start: bool = True) -> Self:
        """Connect to the daemon; start one when none answers and `start` is true.

        Raises `DaemonUnreachable` or, for a daemon of another version, `DaemonVersion`.
        """
        door = cls(home(), start=start)
        who = door._get("/v1/status", Who)
        if who.version != __version__:
            door.close()
            remedy = "voicectl stop" if who.on_demand else "systemctl restart voicectl"
            raise DaemonVersion(
                f"the daemon (PID {who.pid}) runs voicectl {who.version}, "
                f"this command is {__version__}",
                hint=f"end the old one with: {remedy}",
            )
        return door

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; the daemon's work is not affected."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _get(self, path: str, kind: type[T], **params: str | int) -> T:
        return parse.json(self._ask("GET", path, params=params).content, kind)

    def _post(self, path: str, body: Any, kind: type[T]) -> T:
        content = msgspec.json.encode(body)
        headers = {"content-type": "application/json"}
        answer = self._ask("POST", path, content=content, headers=headers)
        return parse.json(answer.content, kind)

    def _ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Ask the daemon; start one first when there is none and this door may."""
        try:
            return self._once(method, path, **given)
        except NobodyThere:
            if not self._may_start:
                raise
        start_daemon(self.home, lambda: self._once("GET", "/v1/status"))
        return self._once(method, path, **given)

    def _once(self, method: str, path: str, **given: Any) -> httpx.Response:
        try:
            if self._line is None:
                self._line = Line(self.home.socket)
            answer = self._line.request(method, path, **given)
        except httpx.TimeoutException as error:
            raise DaemonUnreachable(
                f"the daemon did not answer within {ANSWER_SECONDS:.0f} s",
                hint="its log is " + str(self.home.log),
            ) from error
        except (httpx.TransportError, OSError) as error:
            self.close()
            # Whoever was not connected has not heard the request, so it may be made again.
            heard = not isinstance(error, httpx.ConnectError | OSError) and method != "GET"
            raise (DaemonUnreachable if heard else NobodyThere)(
                f"no daemon answers for the data folder {self.home.folder}",
                hint="start one with: voicectl serve",
            ) from error
        if answer.is_error:
            raise problem(answer.status_code, answer.content)
        return answer


def at(*names: str) -> str:
    """Return the path of something by what people call it: whatever that is, it leads nowhere else.

    Raises `NotFound` for what nothing can be called.
    """
    for name in names:
        if "/" in name or name in ("", ".", ".."):
            raise NotFound(f"there is nothing called '{name}'")
    return "/v1/" + "/".join(quote(name, safe="") for name in names)


class Who(msgspec.Struct):
    """What every version tells in its status, whatever else has changed."""

    version: str
    pid: int
    on_demand: bool
