"""DuckDB under the store: one file, opened, confined, written, written anew.

The only import of DuckDB. While a process writes a file of it no other can even
read it, so everybody else asks at the door. The engine is closed to the file
system and the network before the first query of a user reaches it.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import duckdb

from voicectl import parse
from voicectl.errors import FULL, DaemonBusy, DiskFull, UsageError, VoicectlError, is_full
from voicectl.results import Table
from voicectl_daemon import schema, views
from voicectl_daemon.records import plain

Cursor: TypeAlias = duckdb.DuckDBPyConnection

QUERY_SECONDS = 30.0
"""How long a user's query may take."""
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "1GB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
NO_ROOM_BYTES = 1024 * 1024
"""With less than this a store that cannot be opened is not taken for a damaged one."""
_CONFINE = (
    "SET python_enable_replacements=false",
    "SET enable_external_access=false",
    "SET lock_configuration=true",
)
EXPORT_ROWS = 5000
"""Rows that are on their way to a Parquet file at once."""
_NO_ROOM = (duckdb.FatalException, duckdb.TransactionException, duckdb.IOException)
"""What DuckDB raises when it cannot write."""

log = logging.getLogger(__name__)


class Duck:
    """One file of DuckDB; its methods may be called from any thread.

    Readers work side by side, each on a snapshot; writers take turns; a rewrite
    of the file waits until nobody reads.
    """

    def __init__(self, path: Path, *, query_seconds: float = QUERY_SECONDS) -> None:
        self._path = path
        self._query_seconds = query_seconds
        self._write = threading.RLock()
        self._idle = threading.Condition()
        self._readers = 0
        self._asked: set[Cursor] = set()
        """Queries of users, to be interrupted when it is time to leave."""
        self._owed = path.with_suffix(".rewrite-owed")
        """Is there while the file may hold bytes of a call that was deleted."""
        self._exports = f"{path.stem}.export-"
        """Begins the names of folders in which tables are made for others."""
        self._remove_leftovers()
        self._db: Cursor | None = self._open()
        self.mend()

    def _open(self) -> Cursor:
        with _sentences(self._path):
            db = duckdb.connect(str(self._path), config=_SETTINGS)
            try:
                self._path.chmod(0o600)
                _set_up(db)
            except BaseException:
                db.close()
                raise
        return db

    def close(self) -> None:
        """Let go of the file; a user's query that still runs is given up."""
        for cursor in tuple(self._asked):
            cursor.interrupt()
        with self._write, self._alone():
            self._shut()

    def _shut(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _cursor(self) -> Cursor:
        """Return a cursor; open the engine anew when it was lost to a full disk."""
        if self._db is None:
            self._db = self._open()
        return self._db.cursor()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._idle:
            self._idle.wait_for(lambda: self._readers == 0)
            yield

    @contextmanager
    def reading(self) -> Iterator[Cursor]:
        """One snapshot."""
        with self._idle:
            cursor = self._cursor()
            self._readers += 1
        try:
            cursor.execute("BEGIN TRANSACTION READ ONLY")
            yield cursor
        finally:
            cursor.close()
            with self._idle:
                self._readers -= 1
                self._idle.notify_all()

    @contextmanager
    def writing(self) -> Iterator[Cursor]:
        """One transaction. A full disk undoes it and leaves a store that works again later."""
        with self._write:
            with self._idle:
                cursor = self._cursor()
            try:
                cursor.begin()
                yield cursor
                cursor.commit()
            except _NO_ROOM as error:
                # A failed checkpoint leaves the whole engine dead until it is opened anew.
                cursor.close()
                with self._alone():
                    self._shut()
                raise _no_room() from error
            finally:
                cursor.close()  # undoes what was not committed

    def owe(self) -> None:
        """Note that the file is to be written anew: something in it is about to be deleted."""
        self._owed.touch()
        _sync(self._path.parent)

    def mend(self) -> None:
        """Write the store anew when a deletion could not, and when there is room for it now."""
        if not self._owed.exists():
            return
        if shutil.disk_usage(self._path.parent).free > self._path.stat().st_size:
            try:
                self.rewrite()
            except DiskFull as error:
                log.warning("%s", error.text)

    def rewrite(self) -> None:
        """Copy what is left into a new file and put it in the old one's place.

        Deleted rows stay in a DuckDB file even after CHECKPOINT and VACUUM.
        """
        fresh = self._path.with_suffix(".rewrite")
        with self._write, self._alone():
            self._shut()
            try:
                _copy(self._path, fresh)
                fresh.replace(self._path)
                self._owed.unlink(missing_ok=True)
                _sync(self._path.parent)
            except (duckdb.Error, OSError) as error:
                raise DiskFull(
                    "the call is deleted, but the store could not be rewritten: its words may "
                    f"still be found in the file ({_told(error)})",
                    hint="make room on the disk; the file is then rewritten by itself",
                ) from error
            finally:
                self._remove_leftovers()

    def _remove_leftovers(self) -> None:
        """Remove what a process that was killed left: half a copy, and spilt queries."""
        for suffix in (".rewrite", ".rewrite.wal"):
            self._path.with_suffix(suffix).unlink(missing_ok=True)
        exports = self._path.parent.glob(f"{self._exports}*")
        for folder in (self._path.with_name(self._path.name + ".tmp"), *exports):
            shutil.rmtree(folder, ignore_errors=True)

    def ask(self, query: str, limit: int) -> Table:
        """Run exactly one SELECT of a user; nothing else, and not for ever.

        Raises `UsageError` for anything that is not a SELECT, that fails, or that takes too long.
        """
        with self.reading() as db:
            _only_select(db, query)
            timer = threading.Timer(self._query_seconds, db.interrupt)
            timer.start()
            self._asked.add(db)
            try:
                found = db.execute(query)
                rows = found.fetchmany(limit + 1)
                columns = tuple(column[0] for column in found.description or ())
            except duckdb.InterruptException as error:
                raise UsageError(f"the query took longer than {self._query_seconds:g} s") from error
            except duckdb.Error as error:
                hint = "what the columns are called: voicectl sql 'describe segments'"
                raise UsageError(f"the query failed: {_told(error)}", hint=hint) from error
            finally:
                timer.cancel()
                self._asked.discard(db)
        plain_rows = tuple(tuple(plain(value) for value in row) for row in rows[:limit])
        return Table(columns, plain_rows, cut=len(rows) > limit)

    def parquet(self, query: str, given: list[Any]) -> BinaryIO:
        """Return what a SELECT of ours finds as an open Parquet file that has no name any more.

        The engine of the store may write no file, so another one does, in a folder of its own.
        """
        beside = self._path.parent
        try:
            with (
                self.reading() as db,
                tempfile.TemporaryDirectory(prefix=self._exports, dir=beside) as folder,
            ):
                return _parquet(db, query, given, Path(folder)).open("rb")
        except (*_NO_ROOM, duckdb.OutOfMemoryException, OSError) as error:
            if _is_full(error):
                raise DiskFull(
                    "the table could not be made: there is too little room beside the store",
                    hint=f"make room in {beside}",
                ) from error
            raise VoicectlError(f"the table could not be made: {_told(error)}") from error


def _parquet(db: Cursor, query: str, given: list[Any], folder: Path) -> Path:
    """Pass rows on as JSON text, whatever their types, a few at a time, and write them."""
    columns = db.execute(f"DESCRIBE {query}", given).fetchall()
    shape = ", ".join(f'"{name}" {kind}' for name, kind, *_ in columns)
    target = folder / "table.parquet"
    with duckdb.connect(str(folder / "scratch"), config=_SETTINGS) as writer:
        writer.execute(f"CREATE TABLE rows ({shape})")
        put = f"INSERT INTO rows SELECT r.* FROM (SELECT unnest(?::JSON::STRUCT({shape})[]) r)"  # noqa: S608, columns of our own views
        found = db.execute(f"SELECT to_json(r)::VARCHAR FROM ({query}) r", given)  # noqa: S608, a query of ours
        while rows := found.fetchmany(EXPORT_ROWS):
            writer.execute(put, [f"[{','.join(row[0] for row in rows)}]"])
        quoted = str(target).replace("'", "''")
        writer.execute(f"COPY rows TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)")
    return target


def look(path: Path) -> int:
    """Return the schema version of a store without changing anything.

    Raises `DaemonBusy` when somebody has it open, `VoicectlError` when it cannot be read.
    """
    with (
        _sentences(path),
        duckdb.connect(str(path), read_only=True, config=_SETTINGS) as db,
    ):
        return int(one(db.execute("SELECT version FROM book.version"))[0])


def _set_up(db: Cursor) -> None:
    db.execute("CREATE SCHEMA IF NOT EXISTS book")
    db.execute("CREATE TABLE IF NOT EXISTS book.version AS SELECT 0 AS version")
    version = one(db.execute("SELECT version FROM book.version"))[0]
    for number, section in enumerate(schema.missing("store.sql", version, "store"), version + 1):
        db.begin()
        db.execute(section)
        db.execute("UPDATE book.version SET version=?", [number])
        db.commit()
    for setting in _CONFINE:
        db.execute(setting)


def _copy(old: Path, fresh: Path) -> None:
    """Copy a store into a new file, whole and on the disk."""
    fresh.unlink(missing_ok=True)
    with duckdb.connect(config={**_SETTINGS, "temp_directory": f"{old}.tmp"}) as copier:
        for path, name in ((old, "old"), (fresh, "new")):
            quoted = str(path).replace("'", "''")
            copier.execute(f"ATTACH '{quoted}' AS {name}")
        fresh.chmod(0o600)
        copier.execute("CHECKPOINT old")
        copier.execute("COPY FROM DATABASE old TO new")
        # When it is closed, DuckDB would keep it to itself that this failed.
        copier.execute("CHECKPOINT new")
    for path in (old, fresh):
        if path.with_name(path.name + ".wal").exists():
            raise OSError(f"{path} is not written whole")
    _sync(fresh)


def _is_full(error: duckdb.Error | OSError) -> bool:
    """Return whether there was no room; DuckDB tells it in the words of the operating system."""
    if isinstance(error, OSError):
        return is_full(error)
    return any(os.strerror(number) in str(error) for number in FULL)


def _told(error: duckdb.Error | OSError) -> str:
    """Return what went wrong in one line, without the arrow under a query."""
    text = error.strerror if isinstance(error, OSError) else None
    return text or " ".join(str(error).partition("\nLINE ")[0].split())


def _no_room() -> DiskFull:
    return DiskFull(
        "the store cannot be written; the disk is probably full",
        hint="make room; what was promised is kept, and work goes on by itself",
    )


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Say in words of ours why the file cannot be opened."""
    try:
        yield
    except duckdb.Error as error:
        text = _told(error)
        if "Could not set lock" in text:
            raise DaemonBusy(
                f"another program has {path} open: {text}", hint="end that program"
            ) from error
        if shutil.disk_usage(path.parent).free < NO_ROOM_BYTES:
            raise _no_room() from error
        raise VoicectlError(
            f"the store {path} cannot be read: {text}",
            hint="put a backup in its place; or move it away to begin with an empty one",
        ) from error


def _only_select(db: Cursor, query: str) -> None:
    try:
        statements = db.extract_statements(query)
    except duckdb.Error as error:
        raise UsageError(f"this is not SQL that DuckDB reads: {_told(error)}") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(
            "only one SELECT can be asked here",
            hint="to change or remove calls use: voicectl calls",
        )
    told = one(db.execute("SELECT json_serialize_sql(?::VARCHAR)", [query]))[0]
    try:
        name = next(views.forbidden(parse.json(told, dict[str, Any])), None)
    except RecursionError as error:
        raise UsageError("the query is nested too deeply") from error
    if name is not None:
        raise UsageError(
            f"{name} cannot be asked for",
            hint="docs/store.md lists what can; voicectl sql 'describe segments'",
        )


def one(found: Cursor) -> tuple[Any, ...]:
    """Return the only row."""
    row = found.fetchone()
    assert row is not None  # noqa: S101, every caller asks for an aggregate or a table of one row
    return row


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
