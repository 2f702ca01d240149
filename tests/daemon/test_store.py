"""The store by itself: what comes back, what is found."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.daemon.conftest import TENANT, WHEN, record
from voicectl.cli.export import TABLES
from voicectl.errors import (
    DiskFull,
    NotFound,
    UsageError,
    VoicectlError,
)
from voicectl.feedback import FeedbackWish
from voicectl.selection import Which
from voicectl.translated import TranslatedSegment, Translation
from voicectl.types import (
    Segment,
    Transcript,
    Word,
)
from voicectl.understanding import Entity, Label, Risk, Score, Sentence, Summary, Verdict
from voicectl_daemon import duck, remarks
from voicectl_daemon.records import plain
from voicectl_daemon.store import Kept, Store

ID = st.integers(0, 2**31 - 1)
SHARE = st.floats(0, 1)
VERDICT = st.sampled_from(Verdict)


def several(what: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """None, one, or a few."""
    return st.lists(what, max_size=3).map(tuple)


SENTENCE = st.builds(Sentence, st.text(), several(ID))
TRANSLATED = st.builds(TranslatedSegment, ID, st.text(), st.none() | st.text())


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
@given(
    st.fixed_dictionaries(
        {
            "entities": several(st.builds(Entity, st.text(), st.text(), ID, ID, ID, SHARE)),
            "labels": several(st.builds(Label, st.text(), st.text(), SHARE, several(ID))),
            "scores": several(st.builds(Score, st.text(), verdict=VERDICT, evidence=several(ID))),
            "risks": several(st.builds(Risk, st.text(), st.text(), ID, ID, ID, st.text())),
            "summary": st.none() | st.builds(Summary, several(SENTENCE), st.text()),
            "translation": st.none()
            | st.builds(Translation, st.text(), several(TRANSLATED), st.text(), st.text()),
            "translated_entities": several(
                st.builds(Entity, st.text(), st.text(), ID, ID, ID, SHARE)
            ),
        }
    )
)
def test_any_meaning_comes_back(store: Store, meaning: dict[str, Any]) -> None:
    whole = record(**meaning)
    store.save(whole, "key1")
    assert store.call("call1") == whole


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
    with store.reading() as db:
        assert len(db.execute("SELECT 1 FROM book.segments, book.transcripts").fetchall()) == 1


def test_what_is_unfinished_can_be_read_but_is_not_done(store: Store) -> None:
    heard = record(entities=(), labels=(), scores=(), risks=(), summary=None)
    store.save_all({"key1": heard, "key2": record("call2")}, unfinished={"key1": "job1"})
    assert store.call("call1") == heard
    assert not store.has("key1")
    assert store.has("key2")
    calls = ["call1", "call2", "call3"]
    one, two = (Kept(f"call{n}", f"key{n}", heard.done) for n in (1, 2))
    assert sorted(store.steps(calls)) == [one, two]
    assert store.steps(calls[1:]) == [two]
    assert store.steps(calls, only_of="job1") == [one]
    assert store.steps(calls, only_of="job2") == []
    assert store.sql("SELECT id, whole FROM calls ORDER BY id", 9).rows == (
        ("call1", False),
        ("call2", True),
    )
    store.save(record(), "key1")
    assert store.has("key1")
    assert store.steps(calls, only_of="job1") == []
    assert store.call("call1") == record()
    assert store.sql("SELECT count(*) FROM entities WHERE call='call1'", 9).rows == ((1,),)


def test_what_calls_mean_is_found_in_the_latest_result_of_each(store: Store) -> None:
    store.save(record("call1", "earlier"), "key1")
    store.save(record("call1", "Amina", "a knife"), "key2")
    two = Summary((Sentence("Amina called.", (0,)), Sentence("She saw it.", (1, 0))), "extractive")
    store.save(record("call2", "Amina", summary=two), "key3")
    for query, rows in {
        "SELECT call, text, segment, score FROM entities": [
            ("call1", "Amina", 0, 0.75),
            ("call2", "Amina", 0, 0.75),
        ],
        "SELECT name, evidence FROM labels WHERE call='call1'": [
            ("custody", [1, 0]),
            ("other", []),
        ],
        "SELECT verdict, evidence FROM scores WHERE call='call1'": [
            (str(Verdict.NOT_APPLICABLE), [0])
        ],
        "SELECT kind, text, segment FROM risks WHERE call='call1'": [("weapon", "a knife", 1)],
        "SELECT sentence, text, evidence, model FROM summaries WHERE call='call2'": [
            (0, "Amina called.", [0], "extractive"),
            (1, "She saw it.", [1, 0], "extractive"),
        ],
        "SELECT segment, text, language, suspect, model FROM translations WHERE call='call1'": [
            (0, "नमस्ते।", "hi", "loop", "600M")
        ],
    }.items():
        assert list(store.sql(f"{query} ORDER BY ALL", 9).rows) == rows


def test_the_schema_page_names_the_columns_of_every_view(store: Store) -> None:
    page = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| .* \| `(.*)` \|$", page, re.MULTILINE))
    views = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'"
    assert set(told) == {name for (name,) in store.sql(views, 99).rows} == set(TABLES)
    for view, columns in told.items():
        assert tuple(columns.split()) == store.sql(f"SELECT * FROM {view}", 1).columns


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
    remarks.give(store, store.call("call1"), "anna", FeedbackWish(rating=3), ())
    with store.writing() as db:
        db.execute(
            "INSERT INTO book.live_calls VALUES ('line1', 'default', 'pbx', 'SIP/1', ['caller'], "
            "'2026-11-01', '2026-11-01 00:01', 'hangup', 60, 'custody', ['weapon'], 'job', 'call1')"
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


@pytest.mark.parametrize("table", TABLES)
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


def test_a_table_that_cannot_be_made_for_another_reason(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    store = Store(folder / "store.duckdb")
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(VoicectlError, match="could not be made: No such file") as caught:
        store.parquet(TENANT, "calls", [])
    assert not isinstance(caught.value, DiskFull)
    store.close()
