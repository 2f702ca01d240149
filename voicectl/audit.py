"""The audit log: every request that left this machine, before it left, in JSON lines.

A request has two lines, one before it is sent and one when it has ended. Of what is sent the
log keeps length and SHA-256, never words. It is only ever appended to. Whoever is given a call
as it was before it was masked is in it, too.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import pwd
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from voicectl import parse
from voicectl.errors import DiskFull, VoicectlError, is_full

SENDING = "sending"
"""The status of a request until it is known how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that left."""

    id: str
    at: datetime
    """When it was sent."""
    user: str
    """Whom the process belonged to."""
    call: str
    """Id of the call whose masked words were in it."""
    runner: str
    model: str
    host: str
    size: int
    """Bytes that were sent."""
    sha256: str
    """Of these bytes."""
    status: str = SENDING
    """`200` and the like, or what went wrong; `sending` when nobody could note it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """Somebody asked for what is masked of a call, and was given it."""

    at: datetime
    user: str
    """The account at the door."""
    revealed: str
    """Id of the call."""
    size: int
    """Bytes that were given out; 0 for what a monitor shows or plays."""
    how: str = "original"
    """`original`: it was given out as it was before it was masked, sealed. `screen`, `sound`: a
    monitor shows the words of a call, or plays it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    id: str
    status: str
    ended: datetime


class Entry:
    """One request on its way; keeps the promises of `voicectl.generation.Leaving`."""

    def __init__(self, log: Log, id_: str) -> None:
        self._log = log
        self._id = id_

    def ended(self, status: str) -> None:
        """Note how it ended. Raises as `Log.leave` does."""
        self._log.append(_End(id=self._id, status=status, ended=datetime.now(UTC)))


class Log:
    """The file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def leave(self, runner: str, model: str, call: str, host: str, sent: bytes) -> Entry:
        """Note a request, safely on disk when this returns.

        Raises `DiskFull`, and `VoicectlError` when it cannot be kept: then nothing may be sent.
        """
        request = Request(
            id=secrets.token_hex(8),
            at=datetime.now(UTC),
            user=_user(),
            call=call,
            runner=runner,
            model=model,
            host=host,
            size=len(sent),
            sha256=hashlib.sha256(sent).hexdigest(),
        )
        self.append(request)
        return Entry(self, request.id)

    def reveal(self, user: str, call: str, size: int, how: str = "original") -> None:
        """Note what is given out of a call. Raises as `leave` does: then it is not."""
        self.append(Reveal(at=datetime.now(UTC), user=user, revealed=call, size=size, how=how))

    def append(self, line: Request | Reveal | _End) -> None:
        """Write one line whole, whoever else writes."""
        written = msgspec.json.encode(line) + b"\n"
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            file = os.open(self._path, flags, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                _append(file, written)
            finally:
                os.close(file)
        except OSError as error:
            text = f"the audit log {self._path} cannot be written: {error.strerror}"
            hint = "nothing is given away that is not in it"
            raise (DiskFull if is_full(error) else VoicectlError)(text, hint=hint) from error

    def requests(self) -> list[Request]:
        """Return every request, the latest first."""
        found: dict[str, Request] = {}
        for told in self._lines():
            if "status" in told and "ended" in told and told["id"] in found:
                found[told["id"]] = replace(found[told["id"]], status=str(told["status"]))
            elif "sha256" in told:
                request = parse.plain(told, Request)
                found[request.id] = request
        return list(reversed(found.values()))

    def reveals(self) -> list[Reveal]:
        """Return who was given which original, the latest first."""
        found = [parse.plain(told, Reveal) for told in self._lines() if "revealed" in told]
        return found[::-1]

    def _lines(self) -> list[dict[str, Any]]:
        try:
            return [_decoded(line) for line in self._path.read_bytes().splitlines()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise VoicectlError(
                f"the audit log {self._path} cannot be read: {error.strerror}"
            ) from error


def _append(file: int, line: bytes) -> None:
    """Append a line; half a line that a full disk left behind is taken away again."""
    before = os.fstat(file).st_size
    if before and os.pread(file, 1, before - 1) != b"\n":
        line = b"\n" + line  # a power cut left half a line
    try:
        if os.write(file, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
    except OSError:
        os.ftruncate(file, before)
        raise


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        return parse.json(line, dict[str, Any])
    except msgspec.DecodeError:
        return {}  # half a line, of a power cut


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())
