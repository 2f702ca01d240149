"""What `voicectl asterisk config` prints, in a real Asterisk."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack

import numpy as np
import pytest

from tests.conftest import CALL
from tests.live.asterisk import HUMANS, Asterisk
from tests.live.listener import Listener, listening, listening_to_websockets
from tests.live.parties import agent, caller, has, speech
from tests.waiting import wait_until
from voicectl.asterisk.settings import Asterisk as Settings
from voicectl.asterisk.snippets import TEMPLATES, Line, snippets

AGENT, CALLER = 0, 1
HELLO = speech(CALL, CALLER, 39.2, 4.0)


@pytest.mark.parametrize("transport", TEMPLATES)
@pytest.mark.parametrize("name", ["", "second"])
def test_asterisk_takes_it_without_a_word(asterisk: Asterisk, transport: str, name: str) -> None:
    before = len(asterisk.log)
    settings = Settings(ari=f"http://{asterisk.address}:8088")
    for snippet in snippets(Line(name, transport), settings, "secret"):
        if snippet.file.endswith(".sh"):
            subprocess.run(["bash", "-n"], input=snippet.text.encode(), check=True)
        elif snippet.file == "http.conf":
            (asterisk.folder / "etc" / snippet.file).write_text(snippet.text)
        else:
            kind = snippet.file.removesuffix(".conf").replace("extensions", "dialplan")
            asterisk.configure(f"alone.{kind}", snippet.text)
    said = asterisk.log[before:]
    assert [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line] == []
    context = f"voicectl-{name}" if name else "voicectl"
    assert f"[ Context '{context}' " in asterisk.rx(f"dialplan show {context}")
    assert (" voicectl\n" in asterisk.rx("ari show users")) is (transport == "ari")
    assert f"Bound to {asterisk.address}:8088" in asterisk.rx("http show status")
    for written in (asterisk.folder / "etc" / "site").glob("alone.*"):
        written.unlink()


@pytest.mark.parametrize(
    ("name", "people"),
    [("dial", "Dial(PJSIP/agent,20,U(voicectl-dial-agent))"),
     ("queue", "Queue(humans,,,,,,voicectl-queue-agent)")],
)  # fmt: skip
def test_both_legs_by_audiosocket(asterisk: Asterisk, name: str, people: str) -> None:
    asked, answered = speech(CALL, CALLER, 39.2, 2.5), speech(CALL, AGENT, 51.6, 2.0)
    with listening() as listener:
        asterisk.tell(
            Line(name, port=listener.port), f"Answer()\nGosub(voicectl-{name},s,1)\n{people}"
        )
        with agent(asterisk, answered), caller(asterisk, name, asked) as party:
            party.wait(2.5)
        first, second = sorted(heard.name for heard in listener.heard)
        assert first[:-1] == second[:-1]
        assert (first[14], first[-1], second[-1]) == ("8", "1", "2")
        assert has(listener.named(first).sound, asked)
        assert has(listener.named(second).sound, answered)


def test_both_legs_by_websocket(asterisk: Asterisk) -> None:
    asked, answered = speech(CALL, CALLER, 39.2, 2.5), speech(CALL, AGENT, 51.6, 2.0)
    with listening_to_websockets() as listener:
        asterisk.tell(
            Line("ws", "websocket", port=listener.port),
            "Answer()\nGosub(voicectl-ws,s,1)\nDial(PJSIP/agent,20,U(voicectl-ws-agent))",
        )
        with agent(asterisk, answered), caller(asterisk, "ws", asked, number="+254700") as party:
            party.wait(2.5)
        one, other = listener.named("caller"), listener.named("agent")
        assert has(one.sound, asked)
        assert has(other.sound, answered)
    assert one.said["event"] == "MEDIA_START"
    assert (one.said["format"], one.said["optimal_frame_size"]) == ("slin", 320)
    assert one.said["call"] == other.said["call"]
    assert one.said["from"] == other.said["from"] == "+254700"


def test_the_mixed_call_by_uid(asterisk: Asterisk) -> None:
    asked = speech(CALL, CALLER, 39.2, 2.5)
    with listening("uid") as listener:
        asterisk.tell(
            Line("mixed", "uid", port=listener.port),
            f"Answer()\nGosub(voicectl-mixed,s,1)\n{HUMANS}",
        )
        with caller(asterisk, "mixed", asked) as party:
            party.wait(2.5)
        (heard,) = listener.heard
        listener.named(heard.name)
    assert float(heard.name) > 1.7e9
    sound = np.frombuffer(heard.sound, "<i2").astype(float)
    assert 2 * 16000 * 1.5 < len(heard.sound) < 2 * 16000 * 3.0
    assert 500 < np.sqrt((sound**2).mean()) < 5000


def test_nobody_listens(asterisk: Asterisk) -> None:
    with listening() as listener:
        port = listener.port
    lines = [Line(f"gone{each}", each, port=port) for each in TEMPLATES]
    for line in lines:
        asterisk.tell(line, f"Answer()\nGosub(voicectl-{line.name},s,1)\n{HUMANS}")
    with ExitStack() as callers:
        parties = [callers.enter_context(caller(asterisk, line.name, HELLO)) for line in lines]
        everybody = len(lines)
        wait_until(lambda: asterisk.with_humans == everybody, "the callers are with people")
        for party in parties:
            party.wait(4.0)


@pytest.mark.parametrize("transport", ["audiosocket", "websocket"])
def test_voicectl_first_and_then_people(asterisk: Asterisk, transport: str) -> None:
    served = listening() if transport == "audiosocket" else listening_to_websockets()
    name = f"first{transport}"
    with served as listener:
        asterisk.tell(
            Line(name, transport, port=listener.port, rate=8000),
            f"Gosub(voicectl-{name}-first,s,1)\n{HUMANS}",
        )
        with caller(asterisk, name, HELLO) as party:
            wait_until(lambda: _hears(listener), "voicectl hears the caller")
            assert not asterisk.with_humans
            listener.heard[0].cut()
            wait_until(lambda: asterisk.with_humans, "the caller is with people")
            party.wait(4.0)
    with caller(asterisk, name, HELLO) as party:
        wait_until(lambda: asterisk.with_humans, "the caller is with people at once")
        party.wait(4.0)


def _hears(listener: Listener) -> bool:
    return any(len(heard.sound) > 8000 for heard in listener.heard)
