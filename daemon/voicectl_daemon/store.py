"""What is known of every call: values in, values out, SQL between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple

import msgspec

from voicectl.errors import NotFound, UsageError
from voicectl.results import CallLine, Hit, Table
from voicectl.selection import Found, Which
from voicectl.types import CallRecord, Done
from voicectl_daemon import originals
from voicectl_daemon.duck import QUERY_SECONDS, Cursor, Duck, one
from voicectl_daemon.records import HEAD_SHAPE, OWNED_SHAPE, done_of, head_of, records_of

_NONE: Mapping[str, str] = MappingProxyType({})
_NO_ORIGINALS: Mapping[str, bytes] = MappingProxyType({})
LAST = "last"
"""In place of an id: the newest call."""


class Kept(NamedTuple):
    """One result of a call, by what was done for it."""

    call: str
    key: str
    done: tuple[Done, ...]


class Store:
    """The calls; its methods may be called from any thread and raise `DiskFull`."""

    def __init__(self, path: Path, *, query_seconds: float = QUERY_SECONDS) -> None:
        self._duck = Duck(path, query_seconds=query_seconds)

    def close(self) -> None:
        """Let go of the file."""
        self._duck.close()

    def mend(self) -> None:
        """Finish a deletion for which there was no room on the disk."""
        self._duck.mend()

    def reading(self) -> AbstractContextManager[Cursor]:
        """One snapshot, for whoever has questions of its own."""
        return self._duck.reading()

    def writing(self) -> AbstractContextManager[Cursor]:
        """One transaction, for whoever keeps a table of its own. Raises `DiskFull`."""
        return self._duck.writing()

    # writing

    def save(self, record: CallRecord, key: str) -> None:
        """Keep a call and its whole result, in place of an earlier one with the same key."""
        self.save_all({key: record})

    def save_all(
        self,
        records: Mapping[str, CallRecord],
        unfinished: Mapping[str, str] = _NONE,
        sealed: Mapping[str, bytes] = _NO_ORIGINALS,
    ) -> None:
        """Keep several calls, by the keys of their results, all or none.

        `unfinished` names those that have steps to come, each with the job that takes them,
        `sealed` has originals of what is masked in some.
        """
        with self._duck.writing() as db:
            _put_calls(db, {record.id: record for record in records.values()})
            _put_transcripts(db, records, unfinished)
            originals.put(db, records, sealed)

    def has(self, key: str) -> bool:
        """True when a whole result with this key is kept; it becomes the one that is shown."""
        asked = "SELECT call FROM book.transcripts WHERE key=? AND whole"
        with self._duck.reading() as db:
            row = db.execute(asked, [key]).fetchone()
        if row is None:
            return False
        with self._duck.writing() as db:
            db.execute(
                "UPDATE book.transcripts SET latest=(key=?) WHERE call=? AND latest<>(key=?)",
                [key, row[0], key],
            )
        return True

    def steps(self, calls: Sequence[str], *, only_of: str | None = None) -> list[Kept]:
        """Return which steps were taken for each result of some calls.

        With `only_of` only of those results that this job began and that have steps to come.
        """
        with self._duck.reading() as db:
            rows = db.execute(
                "SELECT call, key, done FROM book.transcripts WHERE call IN "
                "(SELECT unnest(?::VARCHAR[])) AND (? IS NULL OR NOT whole AND job=?)",
                [list(calls), only_of, only_of],
            ).fetchall()
        return [Kept(call, key, done_of(done)) for call, key, done in rows]

    def delete(self, call: str, on_line: Sequence[str] = ()) -> None:
        """Remove a call and write the store anew, so that no byte of it stays in the file.

        `on_line` are ids of calls on a line that it was.
        """
        self._duck.owe()
        with self._duck.writing() as db:
            for table in ("segments", "feedback", "vectors", "centres", "originals", "live_calls"):
                db.execute(f"DELETE FROM book.{table} WHERE call=?", [call])  # noqa: S608, ours
            db.execute("DELETE FROM book.transcripts WHERE call=?", [call])
            db.execute("DELETE FROM book.calls WHERE id=?", [call])
            db.execute(
                "DELETE FROM book.live_calls WHERE id IN (SELECT unnest(?::VARCHAR[]))",
                [list(on_line)],
            )
        self._duck.rewrite()

    # reading

    def answer(self) -> None:
        """Read something from the file. Raises `VoicectlError` when that cannot be done."""
        with self._duck.reading() as db:
            db.execute("SELECT id FROM book.calls LIMIT 1").fetchall()

    def count(self, tenant: str) -> int:
        """Return how many calls are kept."""
        with self._duck.reading() as db:
            return int(one(db.execute("SELECT count(*) FROM calls WHERE tenant=?", [tenant]))[0])

    def lines(self, tenant: str, limit: int, offset: int) -> list[CallLine]:
        """Return calls, newest first."""
        with self._duck.reading() as db:
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
        with self._duck.reading() as db:
            rows = db.execute(
                "SELECT id FROM book.calls WHERE tenant=? AND (starts_with(id, ?) OR ?=?) "
                "ORDER BY created DESC LIMIT 2",
                [tenant, start, start, LAST],
            ).fetchall()
        if not rows and start == LAST:
            raise NotFound("there is no call yet", hint="make one with: voicectl transcribe")
        if not rows:
            raise no_call(start)
        if len(rows) > 1 and start != LAST:
            raise UsageError(
                f"more than one call begins with '{start}'", hint="give more of its id"
            )
        return str(rows[0][0])

    def told_apart(self, tenant: str, paths: Sequence[str]) -> int:
        """Return how many of the recordings have speakers that were told apart by voice."""
        with self._duck.reading() as db:
            found = db.execute(
                "SELECT count(*) FROM book.transcripts t JOIN book.calls c ON c.id=t.call "
                "WHERE t.tenant=? AND t.latest AND len([d FOR d IN t.done IF d.stage='diarize' "
                "AND d.runner<>'channels']) > 0 AND c.path IN (SELECT unnest(?::VARCHAR[]))",
                [tenant, list(paths)],
            )
            return int(one(found)[0])

    def call(self, call: str, key: str | None = None) -> CallRecord:
        """Return one call with the transcript that has `key`, else the latest.

        Raises `NotFound`.
        """
        (found,) = self.calls([(call, key)])
        if found is None:
            raise no_call(call, key)
        return found

    def place(self, call: str) -> str:
        """Return where the recording of a call lies, whatever its name may tell others."""
        with self._duck.reading() as db:
            row = db.execute("SELECT path FROM book.calls WHERE id=?", [call]).fetchone()
        if row is None:
            raise no_call(call)
        return str(row[0])

    def calls(self, wanted: Sequence[tuple[str, str | None]]) -> list[CallRecord | None]:
        """Return several calls, each with the transcript that has its key, else the latest.

        None stands for a call, or a result of that key, that is not there.
        """
        keys = [key for _, key in wanted if key is not None]
        whose_latest = [call for call, key in wanted if key is None]
        with self._duck.reading() as db:
            heads = _dicts(db.execute(_CALLS, [[call for call, _ in wanted]]))
            told = _dicts(db.execute(_TRANSCRIPTS, [keys, whose_latest]))
            rows = _dicts(db.execute(_SEGMENTS, [[each["key"] for each in told]]))
        return records_of(wanted, heads, told, rows)

    def search(self, tenant: str, text: str, limit: int) -> list[Hit]:
        """Return segments that contain `text`, upper and lower case alike, newest calls first."""
        with self._duck.reading() as db:
            rows = db.execute(
                'SELECT s.call, c.name, s.id, s."start", s."end", s.speaker, s.found '
                "FROM (SELECT *, text AS found FROM segments "
                "      WHERE tenant=$1 AND contains(lower(text), lower($2)) "
                "      UNION ALL SELECT s.*, t.text FROM translations t "
                "      JOIN segments s ON s.call=t.call AND s.id=t.segment "
                "      WHERE t.tenant=$1 AND contains(lower(t.text), lower($2)) "
                "      AND NOT contains(lower(s.text), lower($2))) s "
                "JOIN book.calls c ON c.id=s.call ORDER BY c.created DESC, s.call, s.id LIMIT $3",
                [tenant, text, limit],
            ).fetchall()
        return [Hit(*row) for row in rows]

    def find(self, tenant: str, which: Which) -> list[Found]:
        """Return the calls that fit, in the order in which they were first seen.

        Raises `NotFound` or `UsageError` for an id that does not name exactly one.
        """
        fits, given = _fits(which)
        ids = self._whole(tenant, which.calls)
        with self._duck.reading() as db:
            rows = db.execute(
                "SELECT id, name, path FROM calls WHERE tenant=? "  # noqa: S608, conditions of ours
                f"AND (?::VARCHAR[] IS NULL OR id IN (SELECT unnest(?::VARCHAR[]))) {fits} "
                "ORDER BY created, id",
                [tenant, ids or None, ids or None, *given],
            ).fetchall()
        found = {row[0]: Found(*row) for row in rows}
        return [found[each] for each in ids or found if each in found]

    def _whole(self, tenant: str, calls: Sequence[str]) -> list[str]:
        """Return the ids that are meant, each once; those that are whole are looked up together."""
        with self._duck.reading() as db:
            rows = db.execute(
                "SELECT id FROM book.calls WHERE tenant=? AND id IN (SELECT unnest(?::VARCHAR[]))",
                [tenant, list(calls)],
            ).fetchall()
        whole = {id_ for (id_,) in rows}
        ids = [each if each in whole else self.find_call(tenant, each) for each in calls]
        return list(dict.fromkeys(ids))

    def parquet(self, tenant: str, table: str, calls: Sequence[str]) -> BinaryIO:
        """Return what is known of some calls, as an open Parquet file of one of the views."""
        column = "id" if table == "calls" else "call"
        return self._duck.parquet(
            f"SELECT * FROM {table} "  # noqa: S608, the name is one of the views
            f"WHERE tenant=? AND {column} IN (SELECT unnest(?::VARCHAR[]))",
            [tenant, list(calls)],
        )

    def sql(self, query: str, limit: int) -> Table:
        """Run exactly one SELECT of a user; nothing else, and not for ever.

        Raises `UsageError` for anything that is not a SELECT, that fails, or that takes too long.
        """
        return self._duck.ask(query, limit)


_CALLS = "SELECT * FROM book.calls WHERE id IN (SELECT unnest(?::VARCHAR[]))"
_TRANSCRIPTS = (
    "SELECT * FROM book.transcripts WHERE key IN (SELECT unnest(?::VARCHAR[])) "
    "OR latest AND call IN (SELECT unnest(?::VARCHAR[]))"
)
_SEGMENTS = (
    "SELECT * FROM book.segments WHERE key IN (SELECT unnest(?::VARCHAR[])) ORDER BY key, id"
)


def no_call(call: str, key: str | None = None) -> NotFound:
    """Return the error about a call, or a result of that key, that is not there."""
    result = f" with the result '{key}'" if key else ""
    hint = "list them with: voicectl calls list"
    return NotFound(f"there is no call '{call}'{result}", hint=hint)


def _fits(which: Which) -> tuple[str, list[Any]]:
    """Return the conditions of a selection in SQL, and their parameters."""
    conditions = {
        "AND id IN (SELECT call FROM segments WHERE contains(lower(text), lower(?)))": which.text,
        "AND created >= ?": in_utc(which.since),
        "AND created < ?": in_utc(which.until),
        "AND language = ?": which.language,
        "AND name GLOB ?": which.name,
    }
    asked = {sql: value for sql, value in conditions.items() if value is not None}
    return " ".join(asked), list(asked.values())


def in_utc(moment: str | None) -> datetime | None:
    """Return a point in time as the store keeps it: UTC, without saying so."""
    if moment is None:
        return None
    try:
        found = datetime.fromisoformat(moment)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
    except (ValueError, OverflowError) as error:
        raise UsageError(f"'{moment}' is no point in time", hint="write it as ISO 8601") from error


def _put_calls(db: Cursor, records: Mapping[str, CallRecord]) -> None:
    """Write the calls, by their ids; when each was first seen stays as it was."""
    ids = [list(records)]
    known = dict(
        db.execute(
            "SELECT id, created FROM book.calls WHERE id IN (SELECT unnest(?::VARCHAR[]))", ids
        ).fetchall()
    )
    db.execute("DELETE FROM book.calls WHERE id IN (SELECT unnest(?::VARCHAR[]))", ids)
    db.executemany(
        "INSERT INTO book.calls VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            [record.id, record.tenant, audio.sha256, audio.name, audio.path]
            + [audio.seconds, audio.rate, audio.channels, audio.codec]
            + [known.get(record.id, record.created.astimezone(UTC).replace(tzinfo=None))]
            + [list(audio.warnings), audio.direction, audio.agent, audio.caller]
            + [list(audio.channel_names)]
            for record in records.values()
            for audio in (record.audio,)
        ],
    )


def _put_transcripts(
    db: Cursor, records: Mapping[str, CallRecord], unfinished: Mapping[str, str]
) -> None:
    """Write the results by their keys; each becomes the latest of its call."""
    heads, texts = [], []
    for key, record in records.items():
        transcript = record.transcript
        if transcript is None:
            raise UsageError("a call without a transcript cannot be kept")
        owner = {"key": key, "call": record.id, "tenant": record.tenant}
        texts.append(owner | {"segments": transcript.segments})
        standing = {"key": key, "whole": key not in unfinished, "job": unfinished.get(key)}
        heads.append(standing | head_of(record, transcript))
    keys = [list(records)]
    before = _read(db, keys)
    db.execute("DELETE FROM book.segments WHERE key IN (SELECT unnest(?::VARCHAR[]))", keys)
    db.execute("DELETE FROM book.transcripts WHERE key IN (SELECT unnest(?::VARCHAR[]))", keys)
    calls = [[record.id for record in records.values()]]
    db.execute(
        "UPDATE book.transcripts SET latest=false "
        "WHERE latest AND call IN (SELECT unnest(?::VARCHAR[]))",
        calls,
    )
    # Each table in one statement: planning it costs more than running it.
    db.execute(
        "INSERT INTO book.transcripts BY NAME SELECT true AS latest, h.* "
        "FROM (SELECT unnest(from_json(?, ?)) h)",
        [_json(heads), HEAD_SHAPE],
    )
    db.execute(
        "INSERT INTO book.segments SELECT key, call, tenant, s.* FROM (SELECT o.key, o.call, "
        "o.tenant, unnest(o.segments) s FROM (SELECT unnest(from_json(?, ?)) o))",
        [_json(texts), OWNED_SHAPE],
    )
    after = _read(db, keys) if before else {}
    changed = [key for key in before if before[key] != after.get(key)]
    for table in ("vectors", "centres") if changed else ():
        db.execute(
            f"DELETE FROM book.{table} WHERE key IN (SELECT unnest(?::VARCHAR[]))",  # noqa: S608, ours
            [changed],
        )


def _read(db: Cursor, keys: list[list[str]]) -> dict[str, str]:
    """Return, of results that have vectors, a digest of all that those are made of."""
    rows = db.execute(
        "SELECT s.key, md5(string_agg(concat_ws('|', s.id, s.text, s.suspect, s.language), '|' "
        "ORDER BY s.id) || coalesce(any_value(t.translation)::VARCHAR, '')) FROM book.segments s "
        "JOIN book.transcripts t ON t.key = s.key SEMI JOIN book.centres c ON c.key = s.key "
        "WHERE s.key IN (SELECT unnest(?::VARCHAR[])) GROUP BY s.key",
        keys,
    ).fetchall()
    return dict(rows)


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _dicts(found: Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
