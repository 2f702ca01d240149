"""What people note about calls is kept, told to whoever watches, and gone with its call."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.conftest import Site
from tests.daemon.conftest import WHEN, record
from tests.line import LINE, Line, serve
from tests.receiver import SECRET, saying, verified
from tests.receiver import line as secret_line
from tests.service import Service, hanging
from tests.service import serving as receiving
from tests.waiting import wait_until
from voicectl.client import Door
from voicectl.config import Config
from voicectl.errors import NotFound, UsageError
from voicectl.events import EventKind
from voicectl.live import CallState, LiveCall
from voicectl.marks import LONGEST, MarkKind, MarkWish
from voicectl_daemon import main
from voicectl_daemon.api import marks as api
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.live.sessions import Sessions
from voicectl_daemon.marks import Marks
from voicectl_daemon.store import Store

HOOK = """
[[webhook]]
name = "crm"
url = "{address}"
events = ["call.escalated"]
secret_file = "hook.secret"
words = true
timeout_seconds = 60
"""
FLAG, NOTE = MarkWish(MarkKind.FLAG), MarkWish(MarkKind.NOTE, " she is in Kisumu\x1b[2J ")
ESCALATION = MarkWish(MarkKind.ESCALATION, "her uncle has a knife")
WORDS = (b"Kisumu", b"knife")


def hooked(site: Site, address: str) -> str:
    secret = site.folder / "hook.secret"
    secret.write_text(secret_line(SECRET))
    secret.chmod(0o600)
    return LINE + HOOK.format(address=address)


@pytest.fixture
def call(make_call: Callable[..., Path]) -> Path:
    """Nine seconds of a call."""
    return make_call("call", 0.0, 9.0)


@pytest.fixture
def receiver() -> Iterator[Service]:
    """Whoever is told of escalations; it hangs at first."""
    with receiving(hanging, saying(200)) as made:
        yield made


def kinds(door: Door, call: str) -> list[str]:
    return [str(mark.kind) for mark in door.marks(call)]


def raw(site: Site) -> bytes:
    return b"".join(path.read_bytes() for path in site.home.folder.glob("*") if path.is_file())


def noted(line: Line) -> str:
    """Note something about the call that is up; return its id."""
    line.site.wait_until(line.recorded, "it is recorded")
    (up,) = line.door.live()
    first, again = line.door.mark(up.id[:6], FLAG), line.door.mark(up.id, FLAG)
    assert first == again, "it is flagged already"
    assert first.mark.who == getpass.getuser()
    assert line.door.mark(up.id, NOTE).mark.note == NOTE.note.strip()
    assert line.door.mark(up.id, ESCALATION).webhooks == ("crm",)
    assert kinds(line.door, up.id) == ["flag", "note", "escalation"]
    assert line.door.live()[0].marked == (MarkKind.FLAG, MarkKind.NOTE, MarkKind.ESCALATION)
    assert [mark.kind for mark in line.door.live_call(up.id).marks] == list(
        line.door.live()[0].marked
    )
    return up.id


def heard_by_who_comes_late(door: Door, call: str) -> list[str]:
    for together in door.live_news(call):
        for event in together:
            if event.kind is EventKind.CALL_MARKED:
                return [mark["kind"] for mark in (event.detail or {})["marks"]]
    return []


def test_marks_of_a_call_survive_a_kill_and_go_with_it(
    site: Site, weights: Path, call: Path, receiver: Service
) -> None:
    config = hooked(site, receiver.address)
    with serve(site, config) as line, line.played(call):
        id_ = noted(line)
        assert heard_by_who_comes_late(line.door, id_) == ["flag", "note", "escalation"]
        wait_until(lambda: receiver.bodies, "it is on its way")
        site.kill()
    with serve(site, config) as line:
        door = line.door
        assert kinds(door, id_) == ["flag", "note", "escalation"]
        wait_until(lambda: len(receiver.bodies) == 2, "it is told once more")
        site.wait_until(lambda: door.jobs() and door.jobs()[0].state == "finished", "it is read")
        (stored,) = door.calls()
        assert stored.id != id_
        assert kinds(door, stored.id) == ["flag", "note", "escalation"], "by either id"
        later = door.mark(stored.id[:8], MarkWish(MarkKind.NOTE, "called back"))
        assert later.mark.call == id_
        assert door.unmark(id_, later.mark.id) == later.mark
        with pytest.raises(NotFound):
            door.unmark(id_, later.mark.id)
        assert WORDS[0] in raw(site)
        door.delete(stored.id)
        assert door.marks() == []
    assert not [word for word in WORDS if word in raw(site) + site.log.encode()]

    told = json.loads(receiver.bodies[1])
    assert (told["type"], told["data"]["call"]) == ("call.escalated", id_)
    assert (told["data"]["line"], told["data"]["who"]) == ("pbx", getpass.getuser())
    assert verified(receiver.headers[1], receiver.bodies[1])
    assert not [word for word in WORDS if word in b"".join(receiver.bodies)]


def test_what_makes_no_sense_is_refused(site: Site) -> None:
    with Door(site.home, start=True) as door:
        with pytest.raises(NotFound, match="no one call"):
            door.mark("nobody", FLAG)
        with pytest.raises(NotFound, match="no one call"):
            door.marks("nobody")
        assert door.marks() == []


def test_a_note_has_words_and_an_end(site: Site) -> None:
    site.home.folder.mkdir(mode=0o700)
    store = Store(site.home.store)
    store.save(record("aaa", "hello"), "key")
    store.close()
    with Door(site.home, start=True) as door:
        for note, why in (("", "without words"), (" \n", "without words"), ("x" * 2001, "at most")):
            with pytest.raises(UsageError, match=why):
                door.mark("aaa", MarkWish(MarkKind.NOTE, note))
        given = door.mark("aaa", MarkWish(MarkKind.NOTE, "x" * LONGEST))
        assert given.mark.call == "aaa", "it came in on no line"
        assert door.mark("aaa", ESCALATION).webhooks == ()
        flagged, why = door.mark("aaa", FLAG), MarkWish(MarkKind.FLAG, "again")
        assert door.mark("aaa", why).mark.id != flagged.mark.id, "the reason is kept"


def test_a_call_that_was_deleted_just_now_takes_no_note(ledger: Ledger) -> None:
    marks = Marks(ledger)
    with pytest.raises(NotFound, match="was deleted"):
        marks.give("default", "gone", "anna", NOTE, on_line=True)
    assert marks.of("gone") == ()


def test_who_watches_does_not_wait_for_a_deletion(site: Site, weights: Path) -> None:
    with ExitStack() as parts:
        site.home.folder.mkdir(mode=0o700)
        house = main.build(site.home, Config(models=str(weights)), parts, on_demand=False)
        up = LiveCall("up", "default", "pbx", CallState.CONNECTED, WHEN, "")
        Sessions(house.books.ledger).open(up)
        with house.books.placing:
            assert api.mark("up", NOTE, house, "default", "anna").mark.who == "anna"
