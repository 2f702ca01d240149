"""What is known of every call, in DuckDB, for one process: this one.

While a process writes a DuckDB file no other can even read it, so everybody
else asks at the door. The engine is closed to the file system and the network
before the first query of a user reaches it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from voicectl.errors import DiskFull, NotFound, UsageError
from voicectl.types import (
    Audio,
    CallLine,
    CallRecord,
    Decoding,
    Done,
    Hit,
    Segment,
    Table,
    Transcript,
    Word,
)
from voicectl_daemon import schema

QUERY_SECONDS = 30.0
"""How long a user's query may take."""
_CONFINE = (
    "SET enable_external_access=false",
    "SET memory_limit='1GB'",
    "SET lock_configuration=true",
)
_SEGMENT_SHAPE = """[{"id":"INTEGER","start":"DOUBLE","end":"DOUBLE","text":"VARCHAR",
"speaker":"VARCHAR","channel":"INTEGER","language":"VARCHAR","confidence":"DOUBLE",
"suspect":"VARCHAR","words":[{"start":"DOUBLE","end":"DOUBLE","text":"VARCHAR",
"probability":"DOUBLE"}],"decoding":{"seek":"INTEGER","tokens":["INTEGER"],"temperature":"DOUBLE",
"avg_logprob":"DOUBLE","compression_ratio":"DOUBLE","no_speech_prob":"DOUBLE"}}]"""
_DONE_SHAPE = """[{"stage":"VARCHAR","runner":"VARCHAR","model":"VARCHAR","at":"TIMESTAMP",
"seconds":"DOUBLE","recipe_hash":"VARCHAR"}]"""


class Store:
    """The only user of the store's file; its methods may be called from any thread.

    Readers work side by side, each on a snapshot; writers take turns; a rewrite
    of the file waits until nobody reads.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write = threading.RLock()
        self._idle = threading.Condition()
        self._readers = 0
        self._remove_leftovers()
        self._db = self._open()

    def _open(self) -> duckdb.DuckDBPyConnection:
        db = duckdb.connect(str(self._path))
        db.execute("CREATE SCHEMA IF NOT EXISTS book")
        db.execute("CREATE TABLE IF NOT EXISTS book.version AS SELECT 0 AS version")
        version = _one(db.execute("SELECT version FROM book.version"))[0]
        for number, section in enumerate(
            schema.missing("store.sql", version, "store"), version + 1
        ):
            db.begin()
            db.execute(section)
            db.execute("UPDATE book.version SET version=?", [number])
            db.commit()
        for setting in _CONFINE:
            db.execute(setting)
        self._path.chmod(0o600)
        return db

    def close(self) -> None:
        """Let go of the file."""
        with self._write, self._alone():
            self._db.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._idle:
            self._idle.wait_for(lambda: self._readers == 0)
            yield

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._idle:
            self._readers += 1
            cursor = self._db.cursor()
        try:
            yield cursor
        finally:
            cursor.close()
            with self._idle:
                self._readers -= 1
                self._idle.notify_all()

    @contextmanager
    def _writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction. A full disk undoes it and leaves a store that works again later."""
        with self._write:
            cursor = self._db.cursor()
            try:
                cursor.begin()
                yield cursor
                cursor.commit()
            except (
                duckdb.FatalException,
                duckdb.TransactionException,
                duckdb.IOException,
            ) as error:
                # A failed checkpoint leaves the whole engine dead until it is opened anew.
                self._reopen()
                raise DiskFull(
                    "the store cannot be written; the disk is probably full",
                    hint="make room; what was promised is kept, and work goes on by itself",
                ) from error
            except BaseException:
                cursor.rollback()
                raise
            finally:
                cursor.close()

    def _reopen(self) -> None:
        with self._alone():
            self._db.close()
            self._db = self._open()

    # writing

    def save(self, record: CallRecord, key: str) -> None:
        """Keep a call and its transcript, in place of an earlier one with the same key."""
        transcript = record.transcript
        if transcript is None:
            raise UsageError("a call without a transcript cannot be kept")
        segments = msgspec.json.encode(transcript.segments).decode()
        with self._writing() as db:
            _put_call(db, record)
            _drop(db, "key", key)
            db.execute("UPDATE book.transcripts SET latest=false WHERE call=?", [record.id])
            db.execute(
                "INSERT INTO book.transcripts SELECT ?,?,?,true,?,?,?,?,?, from_json(?, ?)",
                [key, record.id, record.tenant, transcript.task, transcript.language]
                + [transcript.language_probability, transcript.model, transcript.speech_seconds]
                + [msgspec.json.encode(record.done).decode(), _DONE_SHAPE],
            )
            db.execute(
                "INSERT INTO book.segments "
                "SELECT ?,?,?, s.* FROM (SELECT unnest(from_json(?, ?)) s)",
                [key, record.id, record.tenant, segments, _SEGMENT_SHAPE],
            )

    def has(self, key: str) -> bool:
        """True when a result with this key is kept; it becomes the one that is shown."""
        with self._reading() as db:
            row = db.execute("SELECT call FROM book.transcripts WHERE key=?", [key]).fetchone()
        if row is None:
            return False
        with self._writing() as db:
            db.execute(
                "UPDATE book.transcripts SET latest=(key=?) WHERE call=? AND latest<>(key=?)",
                [key, row[0], key],
            )
        return True

    def delete(self, call: str) -> None:
        """Remove a call and write the store anew, so that no byte of it stays in the file."""
        with self._writing() as db:
            _drop(db, "call", call)
            db.execute("DELETE FROM book.calls WHERE id=?", [call])
        self._rewrite()

    def _rewrite(self) -> None:
        """Copy what is left into a new file and put it in the old one's place.

        Deleted rows stay in a DuckDB file even after CHECKPOINT and VACUUM.
        """
        fresh = self._path.with_suffix(".rewrite")
        with self._write, self._alone():
            self._db.close()
            try:
                fresh.unlink(missing_ok=True)
                with duckdb.connect() as copier:
                    copier.execute(f"ATTACH '{_quoted(self._path)}' AS old")
                    copier.execute(f"ATTACH '{_quoted(fresh)}' AS new")
                    copier.execute("COPY FROM DATABASE old TO new")
                fresh.chmod(0o600)
                _sync(fresh)
                fresh.replace(self._path)
                self._path.with_name(self._path.name + ".wal").unlink(missing_ok=True)
                _sync(self._path.parent)
            except duckdb.Error as error:
                raise DiskFull(
                    "the call is deleted, but the store could not be rewritten: "
                    "its words may still be found in the file",
                    hint="make room on the disk and delete the call again",
                ) from error
            finally:
                self._remove_leftovers()
                self._db = self._open()

    def _remove_leftovers(self) -> None:
        for path in self._path.parent.glob(self._path.stem + ".rewrite*"):
            path.unlink()

    # reading

    def count(self, tenant: str) -> int:
        """Return how many calls are kept."""
        with self._reading() as db:
            return int(_one(db.execute("SELECT count(*) FROM calls WHERE tenant=?", [tenant]))[0])

    def lines(self, tenant: str, limit: int, offset: int) -> list[CallLine]:
        """Return calls, newest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT c.id, c.name, c.seconds, c.created, c.language, c.model, "
                "list_sort(list(DISTINCT s.speaker) FILTER (s.speaker IS NOT NULL)), count(s.id) "
                "FROM (SELECT * FROM calls WHERE tenant=? ORDER BY created DESC, id "
                "LIMIT ? OFFSET ?) c LEFT JOIN segments s ON s.call=c.id "
                "GROUP BY ALL ORDER BY c.created DESC, c.id",
                [tenant, limit, offset],
            ).fetchall()
        return [
            CallLine(id_, name, seconds, created.replace(tzinfo=UTC), language, model,
                     tuple(speakers or ()), count)
            for id_, name, seconds, created, language, model, speakers, count in rows
        ]  # fmt: skip

    def find_call(self, tenant: str, start: str) -> str:
        """Return the id of the one call that begins with `start`; `last` is the newest."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id FROM book.calls WHERE tenant=? AND (starts_with(id, ?) OR ?='last') "
                "ORDER BY created DESC LIMIT 2",
                [tenant, start, start],
            ).fetchall()
        if not rows:
            raise NotFound(
                f"there is no call '{start}'", hint="list them with: voicectl calls list"
            )
        if len(rows) > 1 and start != "last":
            raise UsageError(
                f"more than one call begins with '{start}'", hint="give more of its id"
            )
        return str(rows[0][0])

    def call(self, call: str, key: str | None = None) -> CallRecord:
        """Return one call with the transcript that has `key`, else the latest."""
        with self._reading() as db:
            head = _dicts(db.execute("SELECT * FROM book.calls WHERE id=?", [call]))
            told = _dicts(
                db.execute(
                    "SELECT * FROM book.transcripts "
                    "WHERE call=? AND (key=? OR (? IS NULL AND latest))",
                    [call, key, key],
                )
            )
            rows = (
                _dicts(
                    db.execute(
                        "SELECT * FROM book.segments WHERE key=? ORDER BY id", [told[0]["key"]]
                    )
                )
                if told
                else []
            )
        if not head:
            raise NotFound(f"there is no call '{call}'", hint="list them with: voicectl calls list")
        return _record(head[0], told[0] if told else None, rows)

    def search(self, tenant: str, text: str, limit: int) -> list[Hit]:
        """Return segments that contain `text`, upper and lower case alike, newest calls first."""
        with self._reading() as db:
            rows = db.execute(
                'SELECT s.call, c.name, s.id, s."start", s."end", s.speaker, s.text '
                "FROM segments s JOIN book.calls c ON c.id=s.call "
                "WHERE s.tenant=? AND contains(lower(s.text), lower(?)) "
                "ORDER BY c.created DESC, s.call, s.id LIMIT ?",
                [tenant, text, limit],
            ).fetchall()
        return [Hit(*row) for row in rows]

    def sql(self, query: str, limit: int) -> Table:
        """Run exactly one SELECT of a user; nothing else, and not for ever.

        Raises `UsageError` for anything that is not a SELECT, that fails, or that takes too long.
        """
        with self._reading() as db:
            _only_select(db, query)
            timer = threading.Timer(QUERY_SECONDS, db.interrupt)
            timer.start()
            try:
                db.execute("BEGIN TRANSACTION READ ONLY")
                found = db.execute(query)
                rows = found.fetchmany(limit + 1)
                columns = tuple(column[0] for column in found.description or ())
            except duckdb.InterruptException as error:
                raise UsageError(f"the query took longer than {QUERY_SECONDS:.0f} s") from error
            except duckdb.Error as error:
                raise UsageError(f"the query failed: {error}") from error
            finally:
                timer.cancel()
        return Table(columns, tuple(rows[:limit]), cut=len(rows) > limit)


def _only_select(db: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        statements = db.extract_statements(query)
    except duckdb.Error as error:
        raise UsageError(f"this is not SQL that DuckDB reads: {error}") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(
            "only one SELECT can be asked here",
            hint="to change or remove calls use: voicectl calls",
        )


def _put_call(db: duckdb.DuckDBPyConnection, record: CallRecord) -> None:
    audio = record.audio
    known = db.execute("SELECT created FROM book.calls WHERE id=?", [record.id]).fetchone()
    created = known[0] if known else record.created.astimezone(UTC).replace(tzinfo=None)
    db.execute("DELETE FROM book.calls WHERE id=?", [record.id])
    db.execute(
        "INSERT INTO book.calls VALUES (?,?,?,?,?,?,?,?,?,?)",
        [record.id, record.tenant, audio.sha256, audio.name, audio.path]
        + [audio.seconds, audio.rate, audio.channels, audio.codec, created],
    )


def _drop(db: duckdb.DuckDBPyConnection, column: str, value: str) -> None:
    for table in ("segments", "transcripts"):
        db.execute(f"DELETE FROM book.{table} WHERE {column}=?", [value])  # noqa: S608, names of ours


def _record(
    head: dict[str, Any], told: dict[str, Any] | None, rows: Sequence[dict[str, Any]]
) -> CallRecord:
    audio = Audio(**{name: head[name] for name in Audio.__dataclass_fields__})
    created = head["created"].replace(tzinfo=UTC)
    if told is None:
        return CallRecord(head["id"], head["tenant"], audio, created)
    transcript = Transcript(
        segments=tuple(_segment(row) for row in rows),
        language=told["language"],
        model=told["model"],
        task=told["task"],
        language_probability=told["language_probability"],
        speech_seconds=told["speech_seconds"],
    )
    done = tuple(Done(**step | {"at": step["at"].replace(tzinfo=UTC)}) for step in told["done"])
    return CallRecord(head["id"], head["tenant"], audio, created, transcript, done)


def _segment(row: dict[str, Any]) -> Segment:
    fields = {name: row[name] for name in Segment.__dataclass_fields__}
    decoding = fields.pop("decoding")
    words = tuple(Word(**word) for word in fields.pop("words") or ())
    if decoding is not None:
        decoding = Decoding(**decoding | {"tokens": tuple(decoding["tokens"])})
    return Segment(**fields, words=words, decoding=decoding)


def _dicts(found: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _one(found: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    row = found.fetchone()
    assert row is not None  # noqa: S101, every caller asks for an aggregate or a table of one row
    return row


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
