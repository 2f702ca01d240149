"""The only way to the daemon: its door, and the key to start it when nobody answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar

import httpx
import msgspec

from voicectl import __version__
from voicectl.errors import DaemonUnreachable, DaemonVersion, from_wire
from voicectl.paths import Home, home
from voicectl.types import (
    Ask,
    CallLine,
    CallRecord,
    Deleted,
    Event,
    Hit,
    Job,
    Status,
    Table,
    Task,
)

T = TypeVar("T")

START_SECONDS = 20.0
"""How long a daemon that was just started may take to open its door."""
ANSWER_SECONDS = 120.0
"""How long an answer may take; rewriting a large store after a deletion is the longest."""
HANGS_UP = 1013
"""How a WebSocket is closed by a daemon that wants to; anything else is an accident."""
START_HINT = "its log is {log}; start it by hand with: voicectl serve"


class Door:
    """A connection to the daemon of one data folder.

    Every method raises the `VoicectlError` that the daemon raised, as the same class.
    """

    def __init__(self, place: Home) -> None:
        self.home = place
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(place.socket)),
            base_url="http://voicectl",
            timeout=ANSWER_SECONDS,
        )

    @classmethod
    def open(cls, *, start: bool = True) -> Door:
        """Connect to the daemon; start one when none answers and `start` is true.

        Raises `DaemonUnreachable` or, for a daemon of another version, `DaemonVersion`.
        """
        door = cls(home())
        try:
            status = door.status()
        except DaemonUnreachable:
            if not start:
                raise
            status = _start(door)
        if status.version != __version__:
            remedy = "voicectl stop" if status.on_demand else "systemctl restart voicectl"
            raise DaemonVersion(
                f"the daemon (PID {status.pid}) runs voicectl {status.version}, "
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
        self._http.close()

    # the daemon

    def status(self) -> Status:
        """Return how the daemon is."""
        return self._get("/v1/status", Status)

    def stop(self) -> None:
        """Ask the daemon to leave; what it was doing goes back to the queue."""
        self._ask("POST", "/v1/stop")

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

    def retry(self, job: str) -> Job:
        """Queue the recordings of a job that failed, died or were cancelled once more."""
        return self._post(f"/v1/jobs/{job}/retry", None, Job)

    def events(self, job: str | None = None) -> Iterator[Event]:
        """Yield events as they happen, first those that bring a late joiner up to date.

        With `job`, the stream ends after that job's `job.finished`. It ends before
        that when the daemon leaves on purpose, or when this listener was too slow for it.
        """
        from websockets.exceptions import ConnectionClosed, WebSocketException
        from websockets.sync.client import unix_connect

        uri = "ws://voicectl/v1/events" + (f"?job={job}" if job else "")
        try:
            with unix_connect(str(self.home.socket), uri, max_size=None) as socket:
                for message in socket:
                    yield msgspec.json.decode(message, type=Event)
        except (OSError, WebSocketException) as error:
            closed = error.rcvd if isinstance(error, ConnectionClosed) else None
            if closed is not None and closed.code == HANGS_UP:
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

    def delete(self, call: str, *, with_recording: bool = False) -> Deleted:
        """Delete a call everywhere; the user's recording only when asked for."""
        answer = self._ask("DELETE", f"/v1/calls/{call}", params={"with_recording": with_recording})
        return msgspec.json.decode(answer.content, type=Deleted)

    def claim_file(self, call: str, candidates: Sequence[Path]) -> Path:
        """Return the first of `candidates` that may be written for `call`, and remember it.

        A file that exists may be overwritten only when voicectl wrote it for the same call.
        """
        paths = [str(path) for path in candidates]
        taken = [str(path) for path in candidates if path.exists()]
        chosen = self._post(f"/v1/calls/{call}/files", {"paths": paths, "taken": taken}, str)
        return Path(chosen)

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
        try:
            answer = self._http.request(method, path, **given)
        except (httpx.TransportError, OSError) as error:
            raise DaemonUnreachable(
                "no daemon answers for the data folder " + str(self.home.folder),
                hint="start one with: voicectl serve",
            ) from error
        if answer.is_error:
            raise _problem(answer)
        return answer


def _problem(answer: httpx.Response) -> Exception:
    try:
        wire = msgspec.json.decode(answer.content, type=dict[str, str])
    except msgspec.DecodeError:
        wire = {"code": "error", "text": f"the daemon answered {answer.status_code}"}
    return from_wire(wire.get("code", "error"), wire.get("text", ""), wire.get("hint", ""))


def _start(door: Door) -> Status:
    """Start a daemon on demand and wait for its door."""
    place = door.home
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _private_log(place.log) as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "voicectl_daemon", "--on-demand"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=os.environ | {"VOICECTL_HOME": str(place.folder)},
        )
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            return door.status()
        except DaemonUnreachable:
            if child.poll() not in (None, 0):
                break
            time.sleep(0.03)
    raise DaemonUnreachable(
        "the daemon could not be started" + _last_words(place.log),
        hint=START_HINT.format(log=place.log),
    )


@contextmanager
def _private_log(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f": {lines[-1]}" if lines else ""
