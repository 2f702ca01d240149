"""Call detail records: what the ledger knows of calls on a line is in the store, too."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import mounted
from tests.daemon.conftest import TENANT, WHEN, audio, record
from tests.daemon.test_full_disk import fill
from voicectl.config import Config
from voicectl.errors import DiskFull
from voicectl.live import CallState, LiveCall
from voicectl.paths import Home
from voicectl.types import Ask, Job, Outputs, Source
from voicectl_daemon import main
from voicectl_daemon.books import Books
from voicectl_daemon.bus import Bus
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.live.calls import LiveCalls
from voicectl_daemon.live.cdr import DetailRecords
from voicectl_daemon.live.sessions import Sessions
from voicectl_daemon.nameless import masked_name
from voicectl_daemon.store import Store
from voicectl_daemon.work.drafts import Drafts

CALL = LiveCall(
    "c1", TENANT, "pbx", CallState.CONNECTED, WHEN, "PJSIP/0712345678-1", ("caller", "agent")
)
ALL = "SELECT * EXCLUDE (started, ended) FROM live_calls ORDER BY id"


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    ledger, store = Ledger(tmp_path / "ledger.sqlite"), Store(tmp_path / "store.duckdb")
    yield Books(ledger, store, Drafts(tmp_path / "drafts", 60.0), Bus())
    store.close()
    ledger.close()


def rows(books: Books, query: str = ALL) -> list[tuple[Any, ...]]:
    return list(books.store.sql(query, 99).rows)


def closed(books: Books, call: LiveCall = CALL, seconds: float = 12.5) -> Sessions:
    sessions = Sessions(books.ledger)
    sessions.open(call)
    sessions.close(call.id, "hangup", seconds)
    return sessions


def test_a_call_is_known_when_it_is_over_and_then_what_it_became(books: Books) -> None:
    sessions, records = Sessions(books.ledger), DetailRecords(books, str)
    sessions.open(CALL)
    records.write()
    assert rows(books) == [], "it is up"
    sessions.close("c1", "hangup", 12.5)
    records.write()
    told = [TENANT, "c1", "pbx", CALL.channel, ["caller", "agent"], "hangup", 12.5]
    assert rows(books) == [(None, *told, None, [], None)]
    (times,) = rows(books, "SELECT started, ended FROM live_calls")
    started, ended = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in times)
    assert started == WHEN
    assert abs(ended - datetime.now(UTC)) < timedelta(minutes=5)

    job = books.ledger.add_job(Ask((Source("/c1.wav", "c1.wav"),)), b"[]", TENANT).id
    sessions.settle("c1", job)
    records.write()
    assert rows(books) == [(None, *told, None, [], job)]
    (task,) = books.ledger.tasks(job)
    books.ledger.looked_at(task.id, audio("c1.wav"), "key", "became", known=False)
    records.write()
    assert rows(books) == [("became", *told, None, [], job)]
    assert sessions.unkept() == []

    sessions.found(replace(CALL, category="abuse", urgent=("weapon",)))
    records.write()
    assert rows(books) == [("became", *told, "abuse", ["weapon"], job)]


def test_what_is_found_while_the_store_is_written_is_written_next(books: Books) -> None:
    sessions = closed(books)
    sessions.settle("c1", None)
    (before,) = sessions.unkept()
    sessions.found(replace(CALL, category="abuse"))
    sessions.keep([before.call])
    DetailRecords(books, str).write()
    assert rows(books, "SELECT category FROM live_calls") == [("abuse",)]
    assert sessions.unkept() == []


def test_what_a_call_was_about_is_told_to_whoever_writes_it_down() -> None:
    calls, heard = LiveCalls(Bus()), list[LiveCall]()
    calls.when_told = heard.append
    calls.begin(CALL)
    calls.urgent("c1", ["weapon"])
    calls.end("c1", "hangup")
    assert heard == []
    calls.told("c1")
    assert [each.urgent for each in heard] == [("weapon",)]
    calls.forget("c1")
    calls.told("c1")
    assert len(heard) == 1


def test_numbers_are_masked_in_the_store_alone(books: Books) -> None:
    sessions = closed(books)
    DetailRecords(books, masked_name).write()
    assert rows(books, "SELECT channel FROM live_calls") == [("PJSIP/PHONE-1",)]
    assert sessions.latest(TENANT, 1)[0].channel == CALL.channel


def test_a_deleted_call_takes_its_detail_record_along(books: Books, tmp_path: Path) -> None:
    for call in ("c1", "c2", "c3"):
        closed(books, replace(CALL, id=call, channel=f"channel-of-{call}"))
    DetailRecords(books, str).write()
    books.store.save(record("became"), "key")
    with books.store.writing() as db:
        db.execute("UPDATE book.live_calls SET call='became' WHERE id='c1'")
    books.store.delete("became", ["c2"])
    assert rows(books, "SELECT id FROM live_calls") == [("c3",)]
    content = (tmp_path / "store.duckdb").read_bytes()
    assert b"channel-of-c3" in content
    assert b"channel-of-c1" not in content
    assert b"channel-of-c2" not in content


@pytest.mark.root
def test_a_full_disk_only_puts_it_off(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "size=24m") as disk:
        ledger, store = Ledger(tmp_path / "ledger.sqlite"), Store(disk / "store.duckdb")
        books = Books(ledger, store, Drafts(tmp_path / "drafts", 60.0), Bus())
        for number in range(200):  # what fits into a page that is there already takes no room
            closed(books, replace(CALL, id=f"c{number}"))
        records = DetailRecords(books, str)
        ballast = fill(disk)
        with pytest.raises(DiskFull):
            records.write()
        ballast.unlink()
        records.write()
        records.write()
        assert rows(books, "SELECT count(*) FROM live_calls") == [(200,)]
        store.close()
        ledger.close()


def test_a_recording_is_handed_in_once_by_two_who_look_at_a_time(
    books: Books, tmp_path: Path
) -> None:
    """The sweeper comes by while a call ends."""
    recording = tmp_path / "call.wav"
    recording.touch()
    board = main._switchboard(books, Config(), Home(tmp_path), tmp_path)
    sessions = Sessions(books.ledger)
    sessions.open(CALL)
    sessions.recorded("c1", str(recording))
    sessions.close("c1", "hangup", 12.5)
    asked, both = list[Ask](), threading.Barrier(2)

    def hand_in(ask: Ask) -> Job:
        asked.append(ask)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.3)  # the other one is here as well, or waits
        return Job("j1", TENANT, ask.recipe, WHEN, "running", 1, {}, 0.0, 0, Outputs(), "")

    board._hand_in = hand_in
    looking = [threading.Thread(target=board.see_to_owed) for _ in range(2)]
    for each in looking:
        each.start()
    for each in looking:
        each.join()
    assert len(asked) == 1
    assert sessions.owed() == []
