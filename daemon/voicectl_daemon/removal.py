"""Removes a call from everywhere voicectl put it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from voicectl.errors import UsageError
from voicectl.events import Event, EventKind
from voicectl.results import Deleted
from voicectl_daemon.books import Books
from voicectl_daemon.live.switchboard import Switchboard
from voicectl_daemon.uploads import Uploads

LET_GO_SECONDS = 15.0
"""How long a worker may take to let go of a call that is being deleted."""


def remove(
    books: Books, uploads: Uploads, lines: Switchboard, call: str, *, with_recording: bool
) -> Deleted:
    """Remove a call, the files that were written for it, what was sent and recorded of it.

    The user's own recording stays unless it is asked for; one that voicectl made goes.
    Raises `DiskFull` when the call is gone but its bytes could not be overwritten yet.
    """
    end = time.monotonic() + LET_GO_SECONDS
    while True:
        with books.placing:
            books.end(lambda: books.traces.drop(call))
            if not books.traces.at_work(call):
                return _remove(books, uploads, lines, call, with_recording)
        if time.monotonic() > end:
            raise UsageError("the call is being worked on", hint="try again in a moment")
        time.sleep(0.05)


def _remove(
    books: Books, uploads: Uploads, lines: Switchboard, call: str, with_recording: bool
) -> Deleted:
    record = books.store.call(call)
    recording = Path(books.store.place(call))
    doomed = [Path(path) for path in books.traces.files(call)]
    doomed += [uploads.file(upload) for upload in books.traces.uploads(call)]
    if with_recording or recording.parent == uploads.folder or lines.owns(recording):
        doomed.append(recording)
    recorded = lines.recordings(call)
    removed, left = _unlink([*doomed, *recorded])
    on_line = [each for path in {recording, *recorded} for each in lines.forget(path)]
    books.traces.forget(call)
    books.drafts.forget(call)
    books.settle()
    try:
        books.store.delete(call, on_line)
    finally:
        now = datetime.now(UTC)
        books.bus.publish(Event(EventKind.CALL_DELETED, now, record.tenant, call=call))
    return Deleted(call, removed, left)


def _unlink(paths: list[Path]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    removed, left = [], []
    for path in dict.fromkeys(paths):
        try:
            path.unlink()
            removed.append(str(path))
        except FileNotFoundError:
            continue
        except OSError:
            if _may_exist(path):  # on a medium that is read-only what is not there is refused, too
                left.append(str(path))
    return tuple(removed), tuple(left)


def _may_exist(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
