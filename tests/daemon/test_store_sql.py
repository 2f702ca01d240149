"""What SQL may do at the door of the store, and what it may not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from tests.daemon.conftest import TENANT, record
from tests.daemon.test_store_file import NEWEST
from voicectl.errors import (
    UsageError,
)
from voicectl_daemon.store import Store


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Five calls; whatever is asked here, they stay as they are."""
    store = Store(tmp_path_factory.mktemp("filled") / "store.duckdb")
    for number in range(5):
        store.save(record(f"call{number}", "Good morning.", "Hello!"), f"key{number}")
    yield store
    store.close()


def check_unharmed(store: Store) -> None:
    with store.reading() as db:
        assert db.execute("SELECT version FROM book.version").fetchall() == [(NEWEST,)]
    assert store.count(TENANT) == 5
    store.save(record("call4", "Good morning.", "Hello!"), "key4")
    assert store.call("call4") == record("call4", "Good morning.", "Hello!")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT count(*) FROM calls",
        "FROM segments LIMIT 2",
        "WITH x AS (SELECT 1 AS a) SELECT a FROM x",
        "SELECT text FROM words WHERE probability < 0.9",
        "DESCRIBE calls",
        "SELECT 1;",
        "-- a remark\nSELECT 1",
        "VALUES (1), (2)",
        "SELECT u.word FROM segments, unnest(words) AS u(word)",
        "SUMMARIZE segments",
        "SELECT table_name FROM information_schema.tables",
    ],
)
def test_sql_answers(filled: Store, query: str) -> None:
    assert filled.sql(query, 10).rows


def test_sql_gives_plain_values(filled: Store) -> None:
    table = filled.sql(
        "SELECT 1, 1.5, 'x', true, NULL, 'nan'::DOUBLE, 'inf'::FLOAT, 2.50::DECIMAL(5,2), "
        "'\\xAA'::BLOB, INTERVAL 1 DAY, 170141183460469231731687303715884105727::HUGEINT, "
        "'00000000-0000-0000-0000-000000000001'::UUID, MAP{1: 'a'}, [1, NULL], {'a': 1}, "
        "DATE '2026-01-02', TIME '03:04:05', TIMESTAMP '2026-01-02 03:04:05', "
        "TIMESTAMPTZ '2026-01-02 03:04:05+00', DATE 'infinity', '101'::BIT",
        1,
    )
    assert table.rows[0][:18] == (
        1, 1.5, "x", True, None, "nan", "inf", 2.5, "aa", "1 day, 0:00:00",
        "170141183460469231731687303715884105727", "00000000-0000-0000-0000-000000000001",
        {"1": "a"}, [1, None], {"a": 1}, "2026-01-02", "03:04:05", "2026-01-02T03:04:05",
    )  # fmt: skip


def test_sql_stops_at_its_limit(filled: Store) -> None:
    assert filled.sql("SELECT * FROM range(1000000000000)", 3).rows == ((0,), (1,), (2,))
    assert filled.sql("SELECT * FROM range(4)", 3).cut
    assert not filled.sql("SELECT * FROM range(3)", 3).cut


ENDLESS = "range(100000000) a, range(100000000) b"

REFUSED = [
    "",
    "no SQL",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE book.calls",
    "COPY book.calls TO '{path}'",
    "COPY (SELECT 1) TO '{path}'",
    "COPY book.calls FROM '/etc/passwd'",
    "ATTACH '{path}' AS x",
    "DETACH store",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "PRAGMA enable_profiling",
    "SET enable_external_access=true",
    "RESET enable_external_access",
    "SET lock_configuration=false",
    "SET temp_directory='{path}'",
    "EXPORT DATABASE '{path}'",
    "IMPORT DATABASE '{path}'",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "COMMIT",
    "USE system",
    "CALL enable_logging()",
    "CREATE TABLE x (a INTEGER)",
    "CREATE TEMP TABLE x AS SELECT 1",
    "CREATE MACRO f() AS 1",
    "INSERT INTO book.version VALUES (1)",
    "UPDATE book.version SET version=7",
    "DELETE FROM book.calls",
    "DROP TABLE book.calls",
    "ALTER TABLE book.calls ADD COLUMN x INTEGER",
    "PREPARE x AS SELECT 1",
    "EXECUTE x",
    "WITH x AS (DELETE FROM book.calls RETURNING id) SELECT * FROM x",
    "WITH x AS (INSERT INTO book.version VALUES (9) RETURNING version) SELECT * FROM x",
    "SELECT * FROM query('DROP TABLE book.calls')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM read_parquet('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM '/etc/passwd.csv'",
    "SELECT * FROM 'http://127.0.0.1:1/x.csv'",
    "SELECT * FROM read_csv('http://127.0.0.1:1/x.csv')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT getenv('HOME')",
    "SELECT * FROM enable_logging(storage_path='{path}')",
    "SELECT * FROM enable_profiling()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pandas_scan(12345)",
    "SELECT * FROM python_map_function((SELECT 1))",
    "SELECT * FROM visible_to_python",
    "SELECT text FROM book.segments",
    'SELECT text FROM store."BOOK".segments',
    "SELECT (SELECT count(*) FROM book.vectors)",
    "WITH x AS (FROM book.originals) FROM x",
    "FROM calls JOIN book.originals o ON o.call = calls.id",
    "SUMMARIZE book.segments",
    "PIVOT book.calls ON name IN ('a') USING count(*)",
    "SELECT * FROM query('SELECT text FROM book.segments')",
    "SELECT * FROM query_table('book.segments')",
    "SELECT * FROM histogram('book.segments', text)",
    "SELECT * FROM pragma_storage_info('book.segments')",
    "SELECT * FROM calls c, LATERAL (SELECT * FROM book.segments s WHERE s.call = c.id)",
    "SELECT (" * 900 + "SELECT count(*) FROM calls" + ")" * 900,
    "SELECT * FROM pragma_storage_info('book.segments')",
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM book.segments'))",
]


@pytest.mark.parametrize("query", REFUSED)
def test_sql_refuses(filled: Store, query: str, tmp_path: Path) -> None:
    visible_to_python = duckdb.sql("SELECT 42")  # a variable of the caller is no table
    outside = tmp_path / "outside"
    with pytest.raises(UsageError):
        filled.sql(query.replace("{path}", str(outside)), 10)
    assert not outside.exists()
    check_unharmed(filled)
    assert visible_to_python is not None


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM checkpoint()",
        "SELECT * FROM force_checkpoint()",
        "SELECT write_log('x')",
        "SELECT current_setting('home_directory')",
        "SELECT * FROM duckdb_databases()",
        "SELECT * FROM truncate_duckdb_logs()",
    ],
)
def test_sql_that_looks_odd_does_no_harm(filled: Store, query: str) -> None:
    with suppress(UsageError):
        filled.sql(query, 10)
    check_unharmed(filled)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT sum(a.range * b.range) FROM {ENDLESS}",
        "SELECT count(*) FROM (SELECT * FROM range(10000000000) ORDER BY random())",
        "WITH RECURSIVE x AS (SELECT 1 a UNION ALL SELECT a FROM x) SELECT count(*) FROM x",
    ],
)
def test_sql_that_takes_too_long_is_stopped(path: Path, query: str) -> None:
    store = Store(path, query_seconds=0.5)
    with pytest.raises(UsageError, match="took longer than 0.5 s|query failed"):
        store.sql(query, 10)
    store.save(record(), "key1")
    assert store.count(TENANT) == 1
    store.close()


def test_sql_does_not_hold_up_the_others(path: Path) -> None:
    store = Store(path, query_seconds=60.0)
    slow = f"SELECT sum(a.range * b.range) FROM {ENDLESS}"
    asked = threading.Thread(target=lambda: pytest.raises(UsageError, store.sql, slow, 1))
    asked.start()
    store.save(record(), "key1")
    assert store.call("call1") == record()
    assert asked.is_alive()
    store.close()  # does not wait for the query
    asked.join()
