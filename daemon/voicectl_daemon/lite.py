"""SQLite under the ledger: one file, opened, changed, written anew.

The only import of it. Every change is one transaction that is on disk when it
returns.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from voicectl.errors import DiskFull, VoicectlError
from voicectl_daemon import schema

Connection: TypeAlias = sqlite3.Connection
Row: TypeAlias = sqlite3.Row

_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
"""What SQLite says when it cannot write, by primary code."""


class Lite:
    """One file of SQLite; its methods may be called from any thread."""

    def __init__(self, path: Path, sections: str) -> None:
        self._lock = threading.RLock()
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        try:
            with _sentences(path):
                self._set_up(sections)
        except BaseException:
            self._db.close()
            raise

    def _set_up(self, sections: str) -> None:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "temp_store=MEMORY",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        for number, section in enumerate(schema.missing(sections, version, "ledger"), version + 1):
            self._db.executescript(f"BEGIN; {section}; PRAGMA user_version={number}; COMMIT;")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[Connection]:
        """One transaction. Raises `DiskFull`, and then nothing was changed."""
        with self._lock, _sentences():
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def rows(self, query: str, *given: Any) -> list[Row]:
        """Return what a query finds."""
        with self._lock, _sentences():
            return self._db.execute(query, given).fetchall()

    def answer(self) -> None:
        """Read something from the file. Raises `VoicectlError` when that cannot be done."""
        self.rows("SELECT name FROM sqlite_schema LIMIT 1")

    def compact(self) -> None:
        """Write the file anew, so that nothing that was deleted stays in it."""
        with self._lock, _sentences():
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def _sentences(path: Path | None = None) -> Iterator[None]:
    """Say in words of ours what SQLite means; with `path` while the file is being opened."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_ROOM:
            raise DiskFull(
                "the ledger cannot be written; the disk is probably full",
                hint="make room; what was promised is kept, and work goes on by itself",
            ) from error
        if path is None:
            raise
        raise VoicectlError(
            f"the ledger {path} cannot be read: {error}",
            hint="put a backup in its place; or move it away to begin with an empty one",
        ) from error
