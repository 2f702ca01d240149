"""The store by itself: what comes back, what is gone, what SQL may do, a full disk."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicectl.errors import (
    ConfigError,
    DaemonBusy,
    DiskFull,
    NotFound,
    UsageError,
    VoicectlError,
)
from voicectl.selection import Which
from voicectl.types import (
    Audio,
    CallRecord,
    Decoding,
    Done,
    Segment,
    Transcript,
    Word,
)
from voicectl_daemon import duck
from voicectl_daemon.records import plain
from voicectl_daemon.store import Store

WHEN = datetime(2026, 11, 21, 3, 4, 5, 678901, tzinfo=UTC)
TENANT = "default"
SCHEMA = files("voicectl_daemon").joinpath("store.sql").read_text()
NEWEST = SCHEMA.count("-- migration ")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.duckdb"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    made = Store(path)
    yield made
    made.close()


def record(call: str = "call1", *texts: str, **more: object) -> CallRecord:
    """A call in which everything is filled in."""
    segments = tuple(
        Segment(
            id=number,
            start=number + 0.125,
            end=number + 0.875,
            text=text,
            speaker=f"SPEAKER_0{number % 2}",
            channel=number % 2,
            language="en",
            language_probability=0.875,
            confidence=0.75,
            words=(Word(number + 0.125, number + 0.5, f" {text}", 0.5),),
            suspect="loop" if number else None,
            decoding=Decoding(7, (1, 2, 50257), 0.2, -0.25, 1.5, 0.01),
        )
        for number, text in enumerate(texts or ("Good morning.", "Hello!"))
    )
    transcript = Transcript(segments, "en", "tiny.en", "transcribe", 0.9, 12.5)
    made = CallRecord(
        id=call,
        tenant=TENANT,
        audio=Audio(
            f"/calls/{call}.wav",
            f"{call}.wav",
            70.5,
            8000,
            2,
            "pcm_mulaw",
            f"sha {call}",
            warnings=("the header says 80.0 s, 70.5 s could be decoded",),
        ),
        created=WHEN,
        transcript=transcript,
        done=(Done("transcribe", "faster-whisper", "tiny.en", WHEN, 1.25, "hash"),),
    )
    return replace(made, **more)


def test_a_call_comes_back_as_it_was(store: Store) -> None:
    store.save(record(), "key1")
    assert store.call("call1") == record()
    assert store.call("call1", "key1") == record()


def test_a_call_with_nothing_optional_comes_back_as_it_was(store: Store) -> None:
    bare = record(transcript=Transcript((Segment(0, 0.0, 1.0, "Hi"),), None, "base"), done=())
    store.save(bare, "key1")
    assert store.call("call1") == bare


def test_a_silent_call_comes_back(store: Store) -> None:
    silent = record(transcript=Transcript((), None, "base"))
    store.save(silent, "key1")
    assert store.call("call1") == silent
    assert store.lines(TENANT, 10, 0)[0].segments == 0


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(), st.floats(0, 1e6), st.text(max_size=20), st.none() | st.floats(0, 1))
def test_any_text_comes_back(
    store: Store, text: str, start: float, name: str, confidence: float | None
) -> None:
    said = Segment(0, start, start + 1, text, name, 0, "sw", confidence, (Word(0, 1, text, 0.5),))
    whole = record(transcript=Transcript((said,), "sw", name))
    whole = replace(whole, audio=replace(whole.audio, name=name, path="/" + name))
    store.save(whole, "key1")
    assert store.call("call1") == whole


def test_results_with_other_keys_are_kept_side_by_side(store: Store) -> None:
    first, second = record("call1", "first"), record("call1", "second")
    store.save(first, "key1")
    store.save(second, "key2")
    assert store.call("call1") == second
    assert store.call("call1", "key1") == first
    assert store.count(TENANT) == 1
    assert [hit.text for hit in store.search(TENANT, "s", 10)] == ["second"]
    assert store.has("key1"), "asking for it again shows it again"
    assert store.call("call1") == first
    assert [hit.text for hit in store.search(TENANT, "s", 10)] == ["first"]


def test_the_same_key_replaces(store: Store) -> None:
    store.save(record("call1", "first", "and more"), "key1")
    store.save(record("call1", "second"), "key1")
    assert store.call("call1") == record("call1", "second")
    assert store.sql("SELECT count(*) FROM book.segments", 10).rows == ((1,),)
    assert store.sql("SELECT count(*) FROM book.transcripts", 10).rows == ((1,),)


def test_created_is_when_it_was_seen_first(store: Store) -> None:
    store.save(record(), "key1")
    store.save(record(created=datetime(2027, 1, 1, tzinfo=UTC)), "key2")
    assert store.call("call1").created == WHEN


def test_what_is_not_there(store: Store) -> None:
    store.save(record(), "key1")
    assert not store.has("key2")
    for ask in (
        lambda: store.call("nothing"),
        lambda: store.call("call1", "key2"),
        lambda: store.find_call(TENANT, "nothing"),
        lambda: store.find_call("another tenant", "call1"),
    ):
        with pytest.raises(NotFound):
            ask()


def test_calls_are_listed_and_found(store: Store) -> None:
    for number in range(3):
        created = WHEN.replace(minute=number)
        store.save(record(f"call{number}", "hi", created=created), f"key{number}")
    assert [line.id for line in store.lines(TENANT, 10, 0)] == ["call2", "call1", "call0"]
    assert [line.id for line in store.lines(TENANT, 1, 1)] == ["call1"]
    assert store.lines("another tenant", 10, 0) == []
    assert store.find_call(TENANT, "last") == "call2"
    assert store.find_call(TENANT, "call1") == "call1"
    with pytest.raises(UsageError, match="more than one"):
        store.find_call(TENANT, "call")
    line = store.lines(TENANT, 1, 0)[0]
    assert (line.seconds, line.language, line.model) == (70.5, "en", "tiny.en")
    assert (line.speakers, line.segments) == (("SPEAKER_00",), 1)


def test_search_knows_no_case_and_no_patterns(store: Store) -> None:
    store.save(record("call1", "Straße 100% _sure_", "ÄRGER", "'; DROP TABLE calls --"), "key1")
    assert [hit.segment for hit in store.search(TENANT, "ärger", 10)] == [1]
    assert [hit.segment for hit in store.search(TENANT, "100%", 10)] == [0]
    assert [hit.segment for hit in store.search(TENANT, "_", 10)] == [0]
    assert [hit.segment for hit in store.search(TENANT, "'; drop", 10)] == [2]
    assert store.search("another tenant", "a", 10) == []
    assert len(store.search(TENANT, "r", 1)) == 1


@pytest.fixture
def three(store: Store) -> Store:
    """Calls of three days; the second is Spanish, the third has no speech."""
    for day, (name, language, texts) in enumerate(
        [("a.wav", "en", ("a knife", "yes")), ("b.wav", "es", ("hola",)), ("c.mp3", "en", ())], 1
    ):
        made = record(f"call{day}", *texts, created=WHEN.replace(day=day))
        assert made.transcript is not None
        store.save(
            replace(
                made,
                audio=replace(made.audio, name=name),
                transcript=replace(made.transcript, language=language),
            ),
            f"key{day}",
        )
    return store


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (Which(), "123"),
        (Which(("call2", "call1", "call2")), "21"),
        (Which(("last",)), "3"),
        (Which(text="KNIFE"), "1"),
        (Which(text="%"), ""),
        (Which(since=WHEN.replace(day=2).isoformat()), "23"),
        (Which(until=WHEN.replace(day=2).isoformat()), "1"),
        (Which(until="2026-11-02T05:00+03:00"), "1"),
        (Which(language="es"), "2"),
        (Which(name="*.wav"), "12"),
        (Which(("call1", "call2"), language="es"), "2"),
    ],
)
def test_calls_are_chosen(three: Store, which: Which, expected: str) -> None:
    assert "".join(found.id[-1] for found in three.find(TENANT, which)) == expected
    assert three.find("somebody-else", replace(which, calls=())) == []


def test_calls_that_do_not_exist_cannot_be_chosen(three: Store) -> None:
    with pytest.raises(NotFound):
        three.find(TENANT, Which(("call1", "nobody")))
    with pytest.raises(UsageError):
        three.find(TENANT, Which(("call",)))
    with pytest.raises(UsageError):
        three.find(TENANT, Which(since="0001-01-01T00:00+09:00"))
    with pytest.raises(UsageError):
        three.find(TENANT, Which(until="tomorrow"))


@pytest.mark.parametrize("table", ["calls", "segments", "words"])
def test_a_table_holds_what_its_view_holds(
    three: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    monkeypatch.setattr(duck, "EXPORT_ROWS", 2)
    file = tmp_path / "out.parquet"
    with three.parquet(TENANT, table, ["call1", "call2"]) as made:
        file.write_bytes(made.read())
    column = "id" if table == "calls" else "call"
    with duckdb.connect() as reader:
        seen = reader.execute(f"SELECT * FROM '{file}' ORDER BY ALL")
        columns = tuple(each[0] for each in seen.description)
        rows = [tuple(plain(value) for value in row) for row in seen.fetchall()]
    asked = f"SELECT * FROM {table} WHERE {column} IN ('call1', 'call2') ORDER BY ALL"
    wanted = three.sql(asked, 1000)
    assert (columns, rows) == (wanted.columns, list(wanted.rows))
    assert rows
    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {"store", "out"}
    assert not list(tmp_path.glob("store.export-*"))
    with pytest.raises(UsageError):
        three.sql(f"SELECT * FROM '{file}'", 1)


def test_an_empty_table_has_its_columns(three: Store, tmp_path: Path) -> None:
    file = tmp_path / "out.parquet"
    with three.parquet(TENANT, "segments", []) as made:
        file.write_bytes(made.read())
    with duckdb.connect() as reader:
        assert reader.execute(f"SELECT text, words FROM '{file}'").fetchall() == []


def test_half_a_table_of_a_killed_daemon_is_removed(path: Path) -> None:
    left = path.with_name("store.export-abc")
    left.mkdir()
    (left / "scratch").write_bytes(b"words of a call")
    Store(path).close()
    assert not left.exists()


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_deleted_call_leaves_no_byte(store: Store, tmp_path: Path) -> None:
    for number in range(10):
        store.save(record(f"call{number}", f"secret words {number} in clear"), f"key{number}")
    store.save(record("call7", "other secret of seven"), "another key")
    store.delete("call7")
    left = bytes_of(tmp_path)
    for gone in (b"secret words 7 in", b"other secret of seven", b"call7.wav", b"sha call7"):
        assert gone not in left
    assert store.count(TENANT) == 9
    assert store.call("call8") == record("call8", "secret words 8 in clear")
    for number in range(10):
        if number != 7:
            store.delete(f"call{number}")
    store.close()
    assert b"secret" not in bytes_of(tmp_path)


def again_and_again(
    work: Callable[[], None], stop: threading.Event, wrong: list[Exception]
) -> None:
    try:
        while not stop.is_set():
            work()
    except Exception as error:  # noqa: BLE001
        wrong.append(error)


def test_delete_while_others_read_and_write(store: Store) -> None:
    store.save(record("kept"), "kept")
    stop, wrong = threading.Event(), list[Exception]()
    numbers = itertools.count()

    def read() -> None:
        assert store.call("kept") == record("kept")
        store.search(TENANT, "hello", 10)

    def write() -> None:
        number = next(numbers)
        store.save(record(f"new{number}"), f"new{number}")

    threads = [
        threading.Thread(target=again_and_again, args=(work, stop, wrong))
        for work in (read, read, write)
    ]
    for thread in threads:
        thread.start()
    for number in range(5):
        store.save(record(f"doomed{number}"), f"doomed{number}")
        store.delete(f"doomed{number}")
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not [line for line in store.lines(TENANT, 10_000, 0) if line.id.startswith("doomed")]


KILLED = """
import os, signal, sys, threading
from pathlib import Path
from voicectl_daemon import duck
from voicectl_daemon.store import Store

step = int(sys.argv[2])
def here(number):
    if number == step:
        os.kill(os.getpid(), signal.SIGKILL)

copy, replace, owe = duck._copy, Path.replace, duck.Duck.owe
def watched_owe(self):
    owe(self)
    here(0)
def watched_copy(old, fresh):
    here(1)
    if step == 5:
        threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGKILL)).start()
    copy(old, fresh)
    here(2)
def watched_replace(self, target):
    here(3)
    found = replace(self, target)
    here(4)
    return found
duck.Duck.owe, duck._copy, Path.replace = watched_owe, watched_copy, watched_replace
Store(Path(sys.argv[1])).delete("doomed")
"""


def deletion_killed_at(path: Path, step: int) -> Store:
    """A store of 21 calls in which a deletion was killed, opened again."""
    store = Store(path)
    kept = {f"key{number}": record(f"kept{number}", f"public {number}") for number in range(20)}
    store.save_all(kept)
    store.save(record("doomed", "secret words"), "doomed")
    store.close()
    ended = subprocess.run([sys.executable, "-c", KILLED, path, str(step)], check=False)
    assert ended.returncode in ((-signal.SIGKILL, 0) if step == 5 else (-signal.SIGKILL,))
    return Store(path)


def test_a_deletion_that_is_killed_before_it_began_changed_nothing(path: Path) -> None:
    store = deletion_killed_at(path, 0)
    assert store.count(TENANT) == 21
    assert store.call("doomed") == record("doomed", "secret words")
    store.delete("doomed")
    store.close()
    assert b"secret" not in bytes_of(path.parent)


@pytest.mark.parametrize("step", [1, 2, 3, 4, 5])
def test_a_rewrite_that_is_killed_is_finished_later(path: Path, step: int) -> None:
    store = deletion_killed_at(path, step)
    assert store.count(TENANT) == 20
    for number in range(20):
        assert store.call(f"kept{number}") == record(f"kept{number}", f"public {number}")
    store.close()
    assert b"secret" not in bytes_of(path.parent)
    assert sorted(found.name for found in path.parent.iterdir()) == ["store.duckdb"]


def test_spilt_queries_of_a_killed_daemon_are_removed(path: Path) -> None:
    Store(path).close()
    spilt = path.with_name("store.duckdb.tmp") / "duckdb_temp_storage-0.tmp"
    spilt.parent.mkdir()
    spilt.write_bytes(b"secret")
    Store(path).close()
    assert not spilt.parent.exists()


def test_the_store_is_private(store: Store, path: Path) -> None:
    store.save(record(), "key1")
    assert path.stat().st_mode & 0o777 == 0o600


OLD_ROWS = (
    "INSERT INTO book.calls VALUES ('old','default','sha','old.wav','/old.wav',1.5,8000,2,'x',"
    "'2026-01-02')",
    "INSERT INTO book.transcripts VALUES ('key','old','default',true,'transcribe','en',0.5,"
    "'tiny.en',1.0,[])",
    "INSERT INTO book.segments VALUES ('key','old','default',0,0.0,1.0,'Hello.',NULL,0,'en',0.5,"
    "NULL,[],NULL)",
)


def old_store(path: Path) -> None:
    """A store with one call, as the first voicectl made it."""
    first = SCHEMA.split("-- migration 1\n")[1].split("-- migration 2\n")[0]
    with duckdb.connect(str(path)) as db:
        db.execute("CREATE SCHEMA book; CREATE TABLE book.version AS SELECT 1 AS version")
        for statement in (first, *OLD_ROWS):
            db.execute(statement)


def test_an_older_store_is_brought_up_to_date(path: Path) -> None:
    old_store(path)
    for _ in range(2):
        store = Store(path)
        kept = store.call("old")
        assert kept.transcript is not None
        assert kept.transcript.text == "Hello."
        assert kept.audio.warnings == ()
        assert store.sql("SELECT name, warnings FROM calls", 9).rows == (("old.wav", None),)
        store.close()
    store = Store(path)
    store.save(record(), "new")
    assert store.call("call1") == record()
    store.close()


def test_a_newer_store_is_refused_and_left_as_it_is(path: Path) -> None:
    Store(path).close()
    with duckdb.connect(str(path)) as db:
        db.execute("UPDATE book.version SET version=99")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="newer voicectl .schema 99") as refused:
        Store(path)
    assert "nothing was changed" in refused.value.hint
    assert path.read_bytes() == before


def test_a_damaged_store_is_named(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)
    with pytest.raises(VoicectlError, match=r"store.duckdb cannot be read"):
        Store(path)


def test_a_store_that_another_program_has_open_is_named(store: Store, path: Path) -> None:
    code = "import sys; from pathlib import Path; from voicectl_daemon.store import Store\n"
    code += "try: Store(Path(sys.argv[1]))\nexcept Exception as error: print(repr(error))"
    ran = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith(DaemonBusy.__name__)
    assert "PID" in ran.stdout


# the door for SQL


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Five calls; whatever is asked here, they stay as they are."""
    store = Store(tmp_path_factory.mktemp("filled") / "store.duckdb")
    for number in range(5):
        store.save(record(f"call{number}", "Good morning.", "Hello!"), f"key{number}")
    yield store
    store.close()


def check_unharmed(store: Store) -> None:
    assert store.sql("SELECT version FROM book.version", 1).rows == ((NEWEST,),)
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


# a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    return ballast


def save_until_full(store: Store, saved: list[str]) -> None:
    for number in range(10_000):
        store.save(
            record(f"call{number}", *(f"{number} {n} words" for n in range(50))), str(number)
        )
        saved.append(f"call{number}")


@pytest.mark.root
def test_a_full_disk_loses_no_call_and_work_goes_on(small_disk: Path) -> None:
    store = Store(small_disk / "store.duckdb")
    store.save(record("before"), "before")
    (small_disk / "ballast").write_bytes(bytes(11_000_000))
    saved: list[str] = []
    with pytest.raises(DiskFull):
        save_until_full(store, saved)
    for _ in range(3):
        with pytest.raises(DiskFull):
            save_until_full(store, saved)
    (small_disk / "ballast").unlink()
    store.save(record("after"), "after")
    assert store.call("before") == record("before")
    assert store.call("after") == record("after")
    kept = {line.id for line in store.lines(TENANT, 10_000, 0)}
    assert kept >= set(saved)
    store.close()
    again = Store(small_disk / "store.duckdb")
    assert {line.id for line in again.lines(TENANT, 10_000, 0)} == kept
    again.close()


@pytest.mark.root
def test_a_deletion_without_room_is_finished_when_there_is_some(small_disk: Path) -> None:
    store = Store(small_disk / "store.duckdb")
    for number in range(30):
        store.save(record(f"call{number}", f"secret words {number} in clear"), str(number))
    ballast = fill(small_disk)
    with pytest.raises(DiskFull) as full:
        store.delete("call7")
    assert "by itself" in full.value.hint
    ballast.unlink()
    store.mend()
    if store.count(TENANT) == 30:
        store.delete("call7")
    assert store.count(TENANT) == 29
    store.close()
    assert b"secret words 7 in" not in bytes_of(small_disk)
    assert b"secret words 8 in" in bytes_of(small_disk)
