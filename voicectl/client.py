"""The only way to the daemon: its door, and the key to start it when nobody answers."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from voicectl import __version__
from voicectl.errors import (
    DaemonUnreachable,
    DaemonVersion,
)
from voicectl.paths import Home, home, short
from voicectl.results import (
    CallLine,
    Deleted,
    GivenResult,
    Hit,
    RecipeLine,
    RecipeWish,
    ResultWish,
    Table,
)
from voicectl.selection import Found, Which
from voicectl.start import NobodyThere, problem, start_daemon
from voicectl.types import Ask, CallRecord, Event, Job, Status, Task

T = TypeVar("T")

ANSWER_SECONDS = 120.0
"""How long an answer may take; rewriting a large store after a deletion is the longest."""
TABLE_SECONDS = 3600.0
"""How long a table may be in the making; a million segments take half a minute."""
MOST_NEWS = 500
"""Events that are handed over at once."""
CLOSE_SECONDS = 1.0
HANGS_UP = (1012, 1013)
"""How a WebSocket is closed by a daemon that wants to; anything else is an accident."""


class Door:
    """A connection to the daemon of one data folder.

    Every method raises the `VoicectlError` that the daemon raised, as the same class.
    """

    def __init__(self, place: Home, *, start: bool = False) -> None:
        """With `start`, a daemon that is not there, or has left, is started when it is asked."""
        self.home = place
        self._may_start = start
        self._line: _Line | None = None

    @classmethod
    def open(cls, *, start: bool = True) -> Door:
        """Connect to the daemon; start one when none answers and `start` is true.

        Raises `DaemonUnreachable` or, for a daemon of another version, `DaemonVersion`.
        """
        door = cls(home(), start=start)
        who = door._get("/v1/status", _Who)
        if who.version != __version__:
            door.close()
            remedy = "voicectl stop" if who.on_demand else "systemctl restart voicectl"
            raise DaemonVersion(
                f"the daemon (PID {who.pid}) runs voicectl {who.version}, "
                f"this command is {__version__}",
                hint=f"end the old one with: {remedy}",
            )
        return door

    def __enter__(self) -> Door:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection; the daemon's work is not affected."""
        if self._line is not None:
            self._line.close()
            self._line = None

    # the daemon

    def status(self) -> Status:
        """Return how the daemon is."""
        return self._get("/v1/status", Status)

    def stop(self) -> None:
        """Ask the daemon to leave; what it was doing goes back to the queue."""
        self._once("POST", "/v1/stop")

    # recipes

    def recipes(self) -> list[RecipeLine]:
        """Return all recipes by name."""
        return self._get("/v1/recipes", list[RecipeLine])

    def recipe(self, name: str) -> str:
        """Return a recipe as it is written."""
        return self._get(f"/v1/recipes/{quote(name, safe='')}", str)

    def check(self, wish: RecipeWish) -> RecipeLine:
        """Return whether a recipe can be used; nothing is done."""
        return self._post("/v1/recipes/check", wish, RecipeLine)

    # jobs

    def submit(self, ask: Ask) -> Job:
        """Hand in work and return the job that will do it."""
        return self._post("/v1/jobs", ask, Job)

    def upload(self, content: BinaryIO, name: str) -> str:
        """Send a recording that the daemon cannot read itself; return its `upload:ID` path."""
        blocks: Iterable[bytes] = iter(lambda: content.read(1 << 20), b"")
        answer = self._ask("POST", "/v1/uploads", params={"name": name}, content=blocks)
        return msgspec.json.decode(answer.content, type=str)

    def unreadable(self, paths: Sequence[str]) -> list[str]:
        """Return those of the paths that the daemon may not read."""
        return self._post("/v1/unreadable", list(paths), list[str])

    def jobs(self, limit: int = 50) -> list[Job]:
        """Return the latest jobs, newest first."""
        return self._get("/v1/jobs", list[Job], limit=limit)

    def job(self, job: str) -> Job:
        """Return one job; the beginning of its id is enough when it is unique."""
        return self._get(f"/v1/jobs/{job}", Job)

    def tasks(self, job: str) -> list[Task]:
        """Return the recordings of a job, in the order in which they were asked for."""
        return self._get(f"/v1/jobs/{job}/tasks", list[Task])

    def cancel(self, job: str) -> Job:
        """Cancel what is not finished yet; finished recordings stay finished."""
        return self._post(f"/v1/jobs/{job}/cancel", None, Job)

    def retry(self, job: str, stage: str | None = None) -> Job:
        """Queue the recordings of a job that failed, died or were cancelled once more.

        They go on where they stopped; with `stage` all of them begin again at that step.
        """
        asked = f"?from={quote(stage)}" if stage is not None else ""
        return self._post(f"/v1/jobs/{job}/retry{asked}", None, Job)

    def events(self, job: str | None = None) -> Iterator[Event]:
        """Yield events as they happen; see `news`."""
        for together in self.news(job):
            yield from together

    def news(self, job: str | None = None) -> Iterator[tuple[Event, ...]]:
        """Yield events as they happen, those together that have come since the last were taken.

        First come those that bring a late joiner up to date. With `job`, the stream
        ends after that job's `job.finished`. It ends before that when the daemon
        leaves on purpose, or when this listener was too slow for it.
        """
        from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
        from websockets.sync.client import unix_connect

        uri = "ws://voicectl/v1/events" + (f"?job={quote(job)}" if job else "")
        try:
            with (
                short(self.home.socket) as name,
                # No pings: the kernel tells of an end that is gone, and whoever writes files
                # to a slow disk meanwhile answers none.
                unix_connect(
                    name, uri, max_size=None, close_timeout=CLOSE_SECONDS, ping_interval=None
                ) as line,
            ):
                for first in line:
                    messages = [first]
                    # A line that was closed says so when the next one is waited for.
                    with suppress(TimeoutError, ConnectionClosed):
                        while len(messages) < MOST_NEWS:
                            messages.append(line.recv(timeout=0))
                    yield tuple(msgspec.json.decode(each, type=Event) for each in messages)
        except InvalidStatus as error:
            raise problem(error.response.status_code, error.response.body or b"") from error
        except (OSError, WebSocketException) as error:
            closed = error.rcvd if isinstance(error, ConnectionClosed) else None
            if closed is not None and closed.code in HANGS_UP:
                return
            raise DaemonUnreachable(
                "the daemon went away while it was watched",
                hint="what is queued is kept; attach again with: voicectl jobs watch "
                + (job or "ID"),
            ) from error

    # calls

    def calls(self, limit: int = 50, offset: int = 0) -> list[CallLine]:
        """Return calls, newest first."""
        return self._get("/v1/calls", list[CallLine], limit=limit, offset=offset)

    def call(self, call: str, key: str | None = None) -> CallRecord:
        """Return one call whole; the beginning of its id is enough when it is unique.

        With `key`, a task's own, its transcript is that very result, else the latest.
        """
        return self._get(f"/v1/calls/{call}", CallRecord, **({"key": key} if key else {}))

    def search(self, text: str, limit: int = 50) -> list[Hit]:
        """Return segments that contain `text`, upper and lower case alike."""
        return self._get("/v1/search", list[Hit], text=text, limit=limit)

    def find(self, which: Which) -> list[Found]:
        """Return the calls that fit, the oldest first."""
        return self._post("/v1/selections", which, list[Found])

    def table(self, name: str, calls: Sequence[str]) -> Iterator[bytes]:
        """Yield a Parquet file of one of the store's views, reduced to calls by whole ids."""
        self._get("/v1/status", _Who)  # when the daemon has left meanwhile, this starts another
        assert self._line is not None  # noqa: S101, somebody has just answered on it
        content, kind = msgspec.json.encode(list(calls)), {"content-type": "application/json"}
        try:
            with self._line.stream("POST", f"/v1/tables/{name}", content, kind) as answer:
                if answer.is_error:
                    raise problem(answer.status_code, answer.read())
                yield from answer.iter_bytes()
        except (httpx.TransportError, OSError) as error:
            raise DaemonUnreachable(
                f"the daemon went away while it sent the table '{name}'",
                hint="try again; its log is " + str(self.home.log),
            ) from error

    def delete(self, call: str, *, with_recording: bool = False) -> Deleted:
        """Delete a call everywhere; the user's recording only when asked for."""
        answer = self._ask("DELETE", f"/v1/calls/{call}", params={"with_recording": with_recording})
        return msgspec.json.decode(answer.content, type=Deleted)

    def results(self, wanted: Sequence[ResultWish]) -> list[GivenResult]:
        """Return several results, each with the paths at which files of it may be written.

        The paths are remembered as those of the call. What fails for one keeps no other back.
        """
        return self._post("/v1/results", wanted, list[GivenResult])

    def sql(self, query: str, limit: int = 1000) -> Table:
        """Run one SELECT over the store."""
        return self._post("/v1/sql", {"query": query, "limit": limit}, Table)

    # how it is done

    def _get(self, path: str, kind: type[T], **params: str | int) -> T:
        return msgspec.json.decode(self._ask("GET", path, params=params).content, type=kind)

    def _post(self, path: str, body: Any, kind: type[T]) -> T:
        content = msgspec.json.encode(body)
        headers = {"content-type": "application/json"}
        answer = self._ask("POST", path, content=content, headers=headers)
        return msgspec.json.decode(answer.content, type=kind)

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
                self._line = _Line(self.home.socket)
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


class _Who(msgspec.Struct):
    """What every version tells in its status, whatever else has changed."""

    version: str
    pid: int
    on_demand: bool


class _Line:
    """Connections to one socket."""

    def __init__(self, path: Path) -> None:
        self._kept = ExitStack()
        self._name = self._kept.enter_context(short(path))
        # The daemon hangs up on a silent connection after 5 s.
        limits = httpx.Limits(keepalive_expiry=2.0)
        self._http = self._kept.enter_context(
            httpx.Client(
                # no TLS on a socket of one's own machine; reading the certificates takes 35 ms
                transport=httpx.HTTPTransport(uds=self._name, limits=limits, verify=False),
                base_url="http://voicectl",
                timeout=ANSWER_SECONDS,
            )
        )

    def request(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Make a request. Raises `OSError` when nobody listens, before anything was sent."""
        # httpx itself would leave a socket open that cannot be connected.
        with socket.socket(socket.AF_UNIX) as knock:
            knock.connect(self._name)
        return self._http.request(method, path, **given)

    @contextmanager
    def stream(
        self, method: str, path: str, content: bytes, headers: dict[str, str]
    ) -> Iterator[httpx.Response]:
        """Make a request whose answer may be larger than memory."""
        given: Any = {"content": content, "headers": headers, "timeout": TABLE_SECONDS}
        with self._http.stream(method, path, **given) as answer:
            yield answer

    def close(self) -> None:
        """Hang up."""
        self._kept.close()
