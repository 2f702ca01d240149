"""What webhooks are told: no word of a call, and all of it, whoever is killed."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.conftest import Site
from tests.daemon.conftest import Desk
from tests.receiver import KINDS, SECRET, Rig, ids, line, saying, verified
from tests.service import hanging, serving
from tests.waiting import wait_until
from voicectl.client import Door
from voicectl.config import Config
from voicectl.errors import NotFound
from voicectl.live import (
    AlertKind,
    CallState,
    LiveAlert,
    LiveAnalysis,
    LiveCall,
    LiveEntity,
    LiveLabel,
    LiveRisk,
    LiveTurn,
    Moment,
)
from voicectl.paths import Home
from voicectl.webhook import Webhook
from voicectl_daemon.bus import Bus
from voicectl_daemon.live.calls import LiveCalls
from voicectl_daemon.webhooks.told import Webhooks

# what is told

STARTED = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)
CALLED = LiveCall(
    id="call1",
    tenant="default",
    line="pbx",
    state=CallState.CONNECTED,
    started=STARTED,
    channel="PJSIP/0712345678-0001",
    legs=("caller", "agent"),
    recording="/srv/0712345678.wav",
)
HELD_BACK = (b"0712345678", b"amina", b"Amina", b"knife", b"/srv", b"PJSIP")
SEEN = LiveAnalysis(
    seconds=12.5,
    turns=2,
    entities=(LiveEntity("NAME", "Amina", "0-0", 0, 5, 0.9),),
    labels=(LiveLabel("helpline", "violence", 0.75, ("0-0",)),),
    risks=(LiveRisk("weapon", "knife 0712345678", "0-0", 8, 13),),
    history=(Moment(12.5, "violence", 0.75),),
)


@pytest.fixture
def told(rig: Rig, tmp_path: Path) -> Iterator[Callable[..., Webhooks]]:
    made: list[Webhooks] = []

    def make(*hooks: Webhook) -> Webhooks:
        made.append(Webhooks(rig.ledger, Config(webhook=hooks), Home(tmp_path)))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.stop()


def live_through(calls: LiveCalls) -> None:
    """A call, with everything that can be told of one."""
    calls.begin(CALLED)
    calls.said("call1", LiveTurn("0-0", 0, 0.0, 3.0, "Amina has a knife 0712345678", final=True))
    calls.urgent("call1", ["weapon"])
    words = "knife 0712345678"
    calls.alert("call1", LiveAlert(AlertKind.URGENT, "urgent words: weapon", 3.0, "0-0", words))
    calls.analysed("call1", SEEN)
    calls.change("call1", seconds=12.5)
    calls.end("call1", "hangup")


def test_what_is_told_has_no_word_of_the_call(rig: Rig, told: Callable[..., Webhooks]) -> None:
    bus = Bus()
    with serving(saying(200)) as service:
        webhooks = told(rig.hook(service.address, events=KINDS))
        bus.also = (webhooks.happened,)
        live_through(LiveCalls(bus))
        wait_until(lambda: len(service.bodies) == 4, "all is told")

    assert not [word for word in HELD_BACK if word in b"".join(service.bodies)]
    bodies = {body["type"]: body for body in map(json.loads, service.bodies)}
    assert set(bodies) == set(KINDS)
    assert all(datetime.fromisoformat(body["timestamp"]) for body in bodies.values())
    assert bodies["call.connected"]["data"]["started"] == "2026-11-21T03:04:05Z"
    ended = bodies["call.ended"]["data"]
    assert (ended["call"], ended["state"], ended["seconds"]) == ("call1", "ended", 12.5)
    assert (ended["category"], ended["urgent"], ended["legs"]) == ("violence", ["weapon"], 2)
    assert bodies["call.alert"]["data"] == {
        "tenant": "default",
        "call": "call1",
        "kind": "urgent",
        "text": "urgent words: weapon",
        "seconds": 3.0,
        "turn": "0-0",
    }
    seen = bodies["call.analysis"]["data"]
    assert seen["labels"] == [{"scheme": "helpline", "name": "violence", "score": 0.75}]
    assert (seen["entities"], seen["urgent"]) == ({"NAME": 1}, {"weapon": 1})


def test_words_that_a_site_wants_are_masked(rig: Rig, told: Callable[..., Webhooks]) -> None:
    bus = Bus()
    with serving(saying(200)) as service:
        webhooks = told(rig.hook(service.address, events=KINDS, words=True))
        bus.also = (webhooks.happened,)
        live_through(LiveCalls(bus))
        wait_until(lambda: len(service.bodies) == 4, "all is told")

    assert b"0712345678" not in b"".join(service.bodies)
    bodies = {body["type"]: body["data"] for body in map(json.loads, service.bodies)}
    assert bodies["call.alert"]["said"] == "knife PHONE"
    assert bodies["call.ended"]["channel"] == "PJSIP/PHONE-0001"
    assert bodies["call.ended"]["recording"] == "PHONE.wav"
    assert "Amina" not in json.dumps(bodies)


def test_an_event_is_published_while_nothing_can_be_written(
    rig: Rig, told: Callable[..., Webhooks]
) -> None:
    bus = Bus()
    with serving(hanging) as service:
        hook = rig.hook(service.address, timeout_seconds=60.0)
        webhooks = told(hook)
        bus.also = (webhooks.happened,)
        calls = LiveCalls(bus)
        calls.begin(CALLED)
        with rig.ledger.change():
            for second in range(500):
                calls.alert("call1", LiveAlert(AlertKind.SILENCE, "silence", float(second)))
        wait_until(lambda: webhooks.lines()[0].waiting == 500, "all is written down")


def test_events_wait_for_room_on_the_disk(
    rig: Rig, told: Callable[..., Webhooks], caplog: pytest.LogCaptureFixture
) -> None:
    bus = Bus()
    with serving(hanging) as service:
        webhooks = told(rig.hook(service.address, timeout_seconds=60.0))
        bus.also = (webhooks.happened,)
        calls = LiveCalls(bus)
        calls.begin(CALLED)
        (size,) = rig.ledger.rows("PRAGMA page_count")[0]
        rig.ledger.rows(f"PRAGMA max_page_count={size}")
        for second in range(500):
            calls.alert("call1", LiveAlert(AlertKind.SILENCE, "silence", float(second)))
        wait_until(lambda: "the disk is probably full" in caplog.text, "there is no room")
        rig.ledger.rows("PRAGMA max_page_count=1000000")
        wait_until(lambda: webhooks.lines()[0].waiting == 500, "all is written down")
    bodies = [row["body"] for row in rig.ledger.rows("SELECT body FROM delivery ORDER BY rowid")]
    assert [json.loads(body)["data"]["seconds"] for body in bodies] == list(range(500))


def test_webhooks_may_come_and_go(rig: Rig, told: Callable[..., Webhooks]) -> None:
    bus, webhooks = Bus(), told()
    bus.also = (webhooks.happened,)
    calls = LiveCalls(bus)
    with serving(saying(200)) as service:
        calls.begin(CALLED)
        webhooks.change((rig.hook(service.address, events=("call.ended",)),))
        calls.end("call1", "hangup")
        nothing = "SELECT 1 FROM delivery"
        wait_until(lambda: service.bodies and not rig.ledger.rows(nothing), "it is told")
        webhooks.change(())
        calls.begin(CALLED)
        calls.end("call1", "hangup")
        with pytest.raises(NotFound):
            webhooks.test("crm")
        assert webhooks.lines() == []
    assert [json.loads(body)["type"] for body in service.bodies] == ["call.ended"]


# a daemon

CONFIG = """
[daemon]
linger_seconds = 60
[[webhook]]
name = "crm"
url = "{address}/hooks/path-that-is-a-secret"
events = ["job.finished"]
secret_file = "hook.secret"
timeout_seconds = 60
"""


def hooked(site: Site, address: str) -> None:
    secret = site.folder / "hook.secret"
    secret.write_text(line(SECRET))
    secret.chmod(0o600)
    site.configure(CONFIG.format(address=address))


def finish_a_job(door: Door, folder: Path) -> str:
    """Have a job finished that has nothing to do but to fail."""
    bad = folder / "bad.wav"
    bad.write_bytes(b"no recording at all")
    desk = Desk(door)
    job = desk.ask(bad)
    desk.wait(job)
    return job.id


def test_a_daemon_that_is_killed_tells_it_all_the_same(site: Site, weights: Path) -> None:
    with serving(hanging, saying(500), saying(200)) as service:
        hooked(site, service.address)
        with Door.open() as door:
            job = finish_a_job(door, site.folder)
            wait_until(lambda: len(service.bodies) == 1, "it is on its way")
            site.kill()
        with Door.open() as door:
            wait_until(lambda: len(service.bodies) == 2, "it is sent again")
            wait_until(lambda: door.webhooks()[0].failures, "it failed")
            site.kill()
        with Door.open() as door:
            wait_until(lambda: door.webhooks()[0].delivered, "it arrived")
            (told,) = door.webhooks()
            assert (told.waiting, told.dead, told.failures) == (0, 0, 0)
            assert [each.status for each in door.audit(9)] == ["200", "500", "sending"]

    assert len(set(service.bodies)) == 1
    assert len(set(ids(service))) == 1
    assert all(verified(*each) for each in zip(service.headers, service.bodies, strict=True))
    data = json.loads(service.bodies[0])["data"]
    assert (data["job"], data["call"], data["counts"]) == (job, None, {"failed": 1})
    assert "path-that-is-a-secret" not in site.log
    assert base64.b64encode(SECRET).decode() not in site.log
    kept = b"".join(path.read_bytes() for path in site.home.folder.glob("*") if path.is_file())
    assert SECRET not in kept
    assert b"path-that-is-a-secret" not in kept
