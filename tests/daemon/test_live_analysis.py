"""What is found in calls in progress, and alerts, through a real daemon, line, ears and models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from tests.conftest import Site
from tests.line import Line, serve
from tests.receiver import KINDS, SECRET, saying, verified
from tests.receiver import line as secret_line
from tests.service import Service
from tests.service import serving as receiving
from tests.waiting import wait_until
from voicectl.errors import NotFound
from voicectl.events import Event, EventKind
from voicectl.live import AlertKind, LiveView
from voicectl_daemon.media.audiosocket import IDENTITY, RATES, message

SITE = """
[[listen]]
name = "pbx"
port = 0
[live]
language = "en"
recipe = "read"
post_call = "read"
analyse_every = 1
[live.alerts]
silence_seconds = 3
no_agent_seconds = 3
"""
RECIPE = """
title = "Read"
[[steps]]
stage = "transcribe"
[[steps]]
stage = "entities"
[[steps]]
stage = "risk"
[steps.options]
words = "doors"
[[steps]]
stage = "classify"
[steps.options]
scheme = "rooms"
[[steps]]
stage = "redact"
"""
WORDS = """
[[urgent]]
kind = "shut_out"
language = "en"
phrases = ["blacklisted", "is now locked", "fire"]
"""
SCHEME = """
title = "rooms"
language = "en"
threshold = 0.3
[[category]]
name = "conference"
title = "Conferences"
description = "Somebody is in a conference room on the telephone."
examples = ["The conference is now locked.", "You are the only person in this conference."]
[[category]]
name = "weather"
title = "Weather"
description = "How the weather will be."
examples = ["It will rain tomorrow."]
"""


HOOK = """
[[webhook]]
name = "crm"
url = "{address}"
events = ["call.connected", "call.alert", "call.analysis", "call.ended"]
secret_file = "hook.secret"
"""


@pytest.fixture
def receiver() -> Iterator[Service]:
    """Whoever is told of events."""
    with receiving(saying(200)) as made:
        yield made


@pytest.fixture
def serving(site: Site, weights: Path, receiver: Service) -> Iterator[Line]:
    """A daemon that serves, with a recipe, a scheme, urgent words and a webhook of its own."""
    (site.folder / "hook.secret").write_text(secret_line(SECRET))
    (site.folder / "hook.secret").chmod(0o600)
    for folder, name, text in (
        ("recipes", "read", RECIPE),
        ("wordlists", "doors", WORDS),
        ("schemes", "rooms", SCHEME),
    ):
        place = site.config.parent / folder
        place.mkdir(exist_ok=True)
        (place / f"{name}.toml").write_text(text)
    with serve(site, SITE + HOOK.format(address=receiver.address)) as line:
        yield line


def told(line: Line) -> list[Event]:
    """Return what a late listener is told of the one call, to its end."""
    found: list[Event] = []
    (call,) = line.door.live(ended=True)
    for together in line.door.live_news(call.id):
        found += together
        if any(each.kind is EventKind.CALL_ENDED for each in together):
            break
    return found


def alerts(line: Line, kind: AlertKind) -> list[LiveView]:
    """Return the calls with such an alert."""
    with suppress(NotFound):
        views = [line.door.live_call(call.id) for call in line.door.live(ended=True)]
        return [view for view in views if any(each.kind is kind for each in view.alerts)]
    return []


def told_without_words(receiver: Service, view: LiveView) -> None:
    """Whoever is told of events has heard of all kinds, and no word of the call."""
    wait_until(lambda: b"call.ended" in b"".join(receiver.bodies), "webhooks are told")
    assert all(verified(*each) for each in zip(receiver.headers, receiver.bodies, strict=False))
    assert {question["type"] for question in receiver.questions} == set(KINDS)
    assert {question["data"]["call"] for question in receiver.questions} == {view.call.id}
    sent = b"".join(receiver.bodies).decode()
    assert not [turn.text for turn in view.turns if turn.text in sent]
    assert not [alert.said for alert in view.alerts if alert.said and alert.said in sent]
    assert Path(view.call.recording).name not in sent
    assert "shut_out" in sent


def test_a_call_is_read_as_it_grows(serving: Line, call: Path, receiver: Service) -> None:
    with serving.played(call):
        wait_until(lambda: alerts(serving, AlertKind.URGENT), "an urgent word is told of")
        # what reads may be lost at any moment; nothing else works yet that is a worker
        serving.child("worker").kill()
    (view,) = serving.ended()
    assert view.call.warnings == ()
    texts = {turn.id: turn.text for turn in view.turns}

    urgent = [each for each in view.alerts if each.kind is AlertKind.URGENT]
    assert {each.said.lower() for each in urgent} == {"blacklisted", "is now locked"}, texts
    assert len(urgent) == 2, "once for each cause, though all is read again and again"
    assert all(each.said in texts[str(each.turn)] for each in urgent)
    assert view.call.urgent == ("shut_out",)

    found = view.analysis
    assert found is not None
    assert found.unable == ()
    assert found.turns == len(texts)
    assert [texts[risk.turn][risk.start : risk.end] for risk in found.risks] == [
        risk.text for risk in found.risks
    ]
    assert view.call.category == found.labels[0].name == "conference"
    assert "conference" in texts[found.labels[0].turns[0]]
    assert found.history[-1].category == "conference"
    assert all(texts[each.turn][each.start : each.end] == each.text for each in found.entities)

    late = [event.kind for event in told(serving)]
    assert late.count(EventKind.CALL_ALERT) == len(view.alerts)
    assert late.count(EventKind.CALL_ANALYSIS) == 1
    assert late.index(EventKind.CALL_ANALYSIS) < late.index(EventKind.CALL_ENDED)

    told_without_words(receiver, view)


def test_silence_and_an_agent_who_says_nothing_are_told_of_once(serving: Line) -> None:
    kind = next(kind for kind, rate in RATES.items() if rate == 8000)
    caller = UUID("00000000-0000-8000-8000-0000000000a1")
    five_seconds = message(kind, bytes(320)) * 250
    serving.knock(message(IDENTITY, caller.bytes) + five_seconds)
    wait_until(lambda: alerts(serving, AlertKind.SILENCE), "silence is told of")
    wait_until(lambda: alerts(serving, AlertKind.NO_AGENT), "so is the agent")
    serving.close()
    (view,) = serving.ended()
    kinds = sorted(each.kind for each in view.alerts)
    assert kinds == [AlertKind.NO_AGENT, AlertKind.SILENCE]
    assert view.analysis is None
