"""What was heard of recordings that are not done yet, so that nobody has to hear it again.

A file for each result that is on its way, named by its call and its key; a line
is a part, on disk before the next one is begun. The daemon does not look into
them. Beside it lies the whole record, while the step that masks it is still to come.
They hold what was said: they are private, and go when the result is in the
store, when the call is deleted, or when nobody has tried again for a week, or as long as
the site says.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from voicectl import __version__, parse
from voicectl.errors import DiskFull, VoicectlError, is_full
from voicectl.types import CallRecord, Task
from voicectl_daemon.traces import Traces
from voicectl_daemon.uploads import RETRY_SECONDS

RECORD = ".record"
"""Ends the name of a file with all that was found, before it is masked."""
NEAR = 1e-6
"""Seconds; parts that lie closer follow each other."""


class _Head(msgspec.Struct, frozen=True):
    """The first line."""

    version: str
    """Another version may hear other words."""
    job: str


class _Stretch(msgspec.Struct, frozen=True):
    """Of a part, all that matters here."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Draft:
    """What is kept of a recording."""

    end: float
    """How far it reaches, in seconds on the clock of the recording."""
    parts: msgspec.Raw
    """A JSON list of `voicectl.types.Part`, without gaps from the beginning to `end`."""


class Drafts:
    """The folder of drafts. Of equal recordings only one is worked on at a time."""

    def __init__(self, folder: Path, keep_seconds: float = RETRY_SECONDS) -> None:
        """`keep_seconds`: how long a draft may be gone on with when work has ended without it."""
        self._folder = folder
        self._keep_seconds = keep_seconds
        folder.mkdir(mode=0o700, exist_ok=True)

    def read(self, task: Task, *, only_of_job: bool) -> Draft:
        """Return what is kept for a task that is about to be worked on.

        What cannot be used is removed: the draft of another version, with
        `only_of_job` that of another job, and whatever follows a line that was
        not written whole.
        """
        path = self._path(task)
        try:
            content = path.read_bytes()
        except OSError:  # most often there is none; what cannot be read is heard again
            return _nothing()
        head, *lines = content.splitlines(keepends=True) or [b""]
        if not _fits(head, task.job if only_of_job else None):
            path.unlink()
            return _nothing()
        good, end = [], 0.0
        for line, stretch in _stretches(lines):
            if abs(stretch.begin - end) > NEAR:
                break
            good.append(line)
            end = stretch.end
        os.truncate(path, len(head) + sum(map(len, good)))
        return Draft(end, msgspec.Raw(b"[" + b",".join(good) + b"]"))

    def add(self, task: Task, part: msgspec.Raw) -> None:
        """Keep one more part of a task; it is on disk when this returns.

        A part from the beginning on takes the place of all that was kept before.
        Raises `DiskFull`, or `VoicectlError` when it cannot be kept for another reason.
        """
        path = self._path(task)
        begins = parse.json(part, _Stretch).begin < NEAR
        try:
            if begins:
                path.unlink(missing_ok=True)
            new = not path.exists()
            head = msgspec.json.encode(_Head(__version__, task.job)) + b"\n" if new else b""
            _append(path, head + bytes(part) + b"\n")
            if new:
                self._sync()
        except OSError as error:
            raise _not_kept(error) from error

    def keep_record(self, task: Task, record: CallRecord) -> None:
        """Keep what steps have found that nobody may read yet, in place of what was kept before.

        It is on disk when this returns. Raises as `add` does.
        """
        path = self._path(task, RECORD)
        fresh = self._path(task, RECORD + ".new")
        head = msgspec.json.encode(_Head(__version__, task.job)) + b"\n"
        try:
            fresh.unlink(missing_ok=True)
            _append(fresh, head + msgspec.json.encode(record))
            fresh.replace(path)
            self._sync()
        except OSError as error:
            raise _not_kept(error) from error

    def record(self, task: Task, *, only_of_job: bool) -> CallRecord | None:
        """Return what `keep_record` kept for a task; as with `read`, only what can be used."""
        try:
            head, _, content = self._path(task, RECORD).read_bytes().partition(b"\n")
        except OSError:
            return None
        with contextlib.suppress(msgspec.DecodeError):
            if _fits(head + b"\n", task.job if only_of_job else None):
                return parse.json(content, CallRecord)
        return None

    def drop(self, task: Task) -> None:
        """Remove all drafts of a task."""
        for of in ("", RECORD):
            self._path(task, of).unlink(missing_ok=True)

    def forget(self, call: str) -> None:
        """Remove all drafts of a call."""
        for path in self._folder.glob(f"{call}.*"):
            path.unlink(missing_ok=True)

    def tidy(self, traces: Traces) -> None:
        """Remove what nobody will go on with."""
        since = time.time() - self._keep_seconds
        for path in self._folder.glob("*.*"):
            call, _, rest = path.name.partition(".")
            key = rest.partition(".")[0]
            if not traces.draft_needed(call, key, since):
                path.unlink(missing_ok=True)

    def _path(self, task: Task, of: str = "") -> Path:
        return self._folder / f"{task.call}.{task.key}{of}"

    def _sync(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _not_kept(error: OSError) -> VoicectlError:
    kind = DiskFull if is_full(error) else VoicectlError
    return kind(
        f"what was heard so far cannot be kept: {error.strerror}",
        hint="if the work is broken off now, more of it is done again",
    )


def _append(path: Path, line: bytes) -> None:
    """Put a line on disk, whole or not at all: what follows half a line could not be read."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    before = os.fstat(file).st_size
    try:
        with os.fdopen(file, "ab") as draft:
            draft.write(line)
            draft.flush()
            os.fsync(file)
    except OSError:
        if before:
            os.truncate(path, before)
        else:
            path.unlink()
        raise


def _nothing() -> Draft:
    return Draft(0.0, msgspec.Raw(b"[]"))


def _fits(line: bytes, job: str | None) -> bool:
    with contextlib.suppress(msgspec.DecodeError):
        head = parse.json(line, _Head)
        return line.endswith(b"\n") and head.version == __version__ and job in (None, head.job)
    return False


def _stretches(lines: list[bytes]) -> Iterator[tuple[bytes, _Stretch]]:
    """Yield lines up to one that was not written whole."""
    with contextlib.suppress(msgspec.DecodeError):
        for line in lines:
            if line.endswith(b"\n"):
                yield line, parse.json(line, _Stretch)
