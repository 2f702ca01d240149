"""A real Asterisk is asked over its REST interface for both parties of a call."""

from __future__ import annotations

import os
import signal
import threading
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import pytest

from tests.conftest import CALL, Site
from tests.line import Line, serve
from tests.live.asterisk import PASSWORD, USER, App, Asterisk
from tests.live.parties import agent, caller, share, speech, undisturbed
from tests.waiting import wait_until
from voicectl.asterisk.settings import Asterisk as Settings
from voicectl.asterisk.snippets import Line as Told
from voicectl.client import Door
from voicectl.events import Event
from voicectl.live import LiveView
from voicectl_daemon.live.ari import Ari
from voicectl_daemon.live.beside import named

AGENT, CALLER = 0, 1
HEARD = 0.9
"""Of what was said."""
SECRET = "ari.password"
LINE = """
[[listen]]
name = "pbx"
port = 0
transport = "ari"
rate = {rate}
mode = "post-call"
[live]
post_call = ""
[asterisk]
ari = "http://{address}:8088"
user = "{user}"
password_file = "{secret}"
[daemon]
drain_seconds = 0
"""
EXTENSION = "Answer()\nGosub(voicectl,s,1)\nGosub(voicectl,s,1)\nDial(PJSIP/agent,20)"
"""It says twice that there is a call, as a dialplan does that sends callers round."""


def told(site: Site, asterisk: Asterisk, rate: int = 8000, password: str = PASSWORD) -> str:
    (site.folder / SECRET).write_text(f"{password}\n")
    asterisk.tell(Told("", "ari"), EXTENSION)
    return LINE.format(rate=rate, address=asterisk.address, user=USER, secret=SECRET)


@pytest.fixture
def served(site: Site, helpline: Asterisk) -> Iterator[Line]:
    with serve(site, told(site, helpline)) as line:
        assert line.port
        yield line


def over(line: Line, count: int = 1) -> list[LiveView]:
    def ended() -> bool:
        return len(line.door.live(ended=True)) >= count and not line.door.live()

    line.site.wait_until(ended, "the calls are over")
    return [line.door.live_call(call.id) for call in line.door.live(ended=True)]


def legs(view: LiveView) -> list[bytes]:
    with wave.open(view.call.recording) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return [sound[leg::2].tobytes() for leg in (0, 1)]


def talk(asterisk: Asterisk) -> tuple[bytes, bytes]:
    asked, answered = speech(CALL, CALLER, 39.2, 2.5), speech(CALL, AGENT, 51.6, 2.0)
    with agent(asterisk, answered), caller(asterisk, "helpline", asked) as party:
        party.wait(2.5)
    return asked, answered


def test_both_legs_and_nothing_is_left(helpline: Asterisk, served: Line) -> None:

    def placed() -> tuple[LiveView, bytes, bytes]:
        before = len(served.door.live(ended=True))
        said = talk(helpline)
        return max(over(served, before + 1), key=lambda view: view.call.started), *said

    view, asked, answered = undisturbed(placed)
    assert view.call.legs == ("caller", "agent")
    assert (view.call.reason, view.call.warnings) == ("hangup", ())
    hers, his = legs(view)
    assert share(hers, asked) > HEARD
    assert share(his, answered) > HEARD
    served.site.wait_until(lambda: not helpline.channels, "the channels are gone")
    served.site.wait_until(lambda: not helpline.bridges, "so are the bridges")


def test_it_is_reached_again(helpline: Asterisk, site: Site) -> None:
    with serve(site, told(site, helpline, rate=16000)) as line:
        log = site.folder / "serve.log"
        site.wait_until(lambda: helpline.apps == [App(USER, [])], "it is there")
        helpline.rx("ari shutdown websocket sessions")
        site.wait_until(lambda: "by ARI again" in log.read_text(), "it is reached again")
        talk(helpline)
        (view,) = over(line)
    with wave.open(view.call.recording) as file:
        assert (file.getframerate(), file.getnchannels()) == (16000, 2)
        assert 1.5 < file.getnframes() / 16000 < 4.0
    assert min(map(loudness, legs(view))) > 300


@pytest.mark.parametrize("victim", ["media", "daemon"])
def test_what_is_killed_costs_no_caller(helpline: Asterisk, site: Site, victim: str) -> None:
    config = told(site, helpline)
    with ExitStack() as parties:
        with serve(site, config) as line:
            assert line.port
            parties.enter_context(talking(helpline))
            site.wait_until(lambda: len(ours(helpline)) == 4, "both parties are heard")
            pid = line.child("media").pid if victim == "media" else line.door.status().pid
            os.kill(pid, signal.SIGKILL)
            site.wait_until(lambda: len(ours(helpline)) <= 2, "nobody hears them now")
        with serve(site, config) as line:
            assert line.port
            site.wait_until(lambda: not ours(helpline), "what was left is taken away")
            assert talking_still(helpline)
    site.wait_until(lambda: not helpline.bridges, "nothing is left")


def test_an_ear_that_has_no_line_is_taken_away(helpline: Asterisk, site: Site) -> None:
    """A daemon may be killed between the two: nobody hangs up on it before the call ends."""
    config = told(site, helpline)
    with talking(helpline) as hers, asking(helpline, site) as ari:
        ari.ask("POST", "channels", hers, "snoop", app=USER, spy="in", snoopId=f"{mine(hers)}-ear")
        assert len(ours(helpline)) == 1
        with serve(site, config) as line:
            assert line.port
            site.wait_until(lambda: not ours(helpline), "it is taken away")
            assert talking_still(helpline)


def test_whoever_is_replaced_says_so_and_takes_up_what_is_left(
    helpline: Asterisk, served: Line, site: Site
) -> None:
    """Asterisk tells only the last who came; what is asked for there is joined by whoever stays."""
    helpline.tell(Told("", "ari"), "Answer()\nDial(PJSIP/agent,20)")  # and tells nobody
    port = served.port
    with talking(helpline) as hers:
        with asking(helpline, site) as ari:
            site.wait_until(lambda: "somebody else" in served.door.lines()[0].trouble, "it says so")
            ari.ask(
                "POST", "channels", "externalMedia", app=USER, channelId=f"{mine(hers)}-line",
                external_host=f"127.0.0.1:{port}", data=named(hers, 1),
                encapsulation="audiosocket", transport="tcp", format="slin",
            )  # fmt: skip
            ear = {"spy": "in", "snoopId": f"{mine(hers)}-ear"}
            ari.ask("POST", "channels", hers, "snoop", app=USER, **ear)
            assert len(helpline.bridges) == 1
        site.wait_until(served.recorded, "she is heard")
        assert not served.door.lines()[0].trouble


@contextmanager
def talking(asterisk: Asterisk) -> Iterator[str]:
    """Have a call that is up; yield the caller's channel."""
    asked, answered = speech(CALL, CALLER, 3.0, 60.0), speech(CALL, AGENT, 3.0, 60.0)
    with agent(asterisk, answered), caller(asterisk, "helpline", asked):
        wait_until(lambda: asterisk.bridges, "they talk")
        (hers,) = (each.id for each in asterisk.channels if each.dialplan.app_name == "Dial")
        yield hers
        asterisk.hang_up()


@contextmanager
def asking(asterisk: Asterisk, site: Site) -> Iterator[Ari]:
    """Be the daemon for Asterisk, until one comes."""
    secret = str(site.folder / SECRET)
    ari = Ari(Settings(ari=f"http://{asterisk.address}:8088", user=USER, password_file=secret))
    with ari.events(USER):
        yield ari


def mine(channel: str) -> str:
    """Return how the channels are named by which the caller is heard."""
    return f"{USER}-{named(channel, 1)}"


def test_a_daemon_that_leaves_takes_its_own_along(helpline: Asterisk, site: Site) -> None:
    with serve(site, told(site, helpline)) as line, ExitStack() as parties:
        assert line.port
        parties.enter_context(talking(helpline))
        site.wait_until(lambda: len(ours(helpline)) == 4, "both parties are heard")
        line.door.stop()
        site.wait_until(lambda: site.pid is None, "it leaves")
        assert ours(helpline) == []
        assert len(helpline.bridges) == 1
        assert talking_still(helpline)


def ours(asterisk: Asterisk) -> list[str]:
    """Return the channels that hear, and those that bring it here."""
    names = [each.name for each in asterisk.channels]
    return [name for name in names if name.startswith(("Snoop/", "AudioSocket/"))]


def talking_still(asterisk: Asterisk) -> bool:
    return [each.dialplan.app_name for each in asterisk.channels].count("Dial") == 1


def test_what_cannot_be_asked_is_told(helpline: Asterisk, site: Site) -> None:
    with serve(site, told(site, helpline, password="wrong")) as line:
        site.wait_until(lambda: "password" in line.door.lines()[0].trouble, "it is told")
        (status,) = line.door.lines()
        with caller(helpline, "helpline", speech(CALL, CALLER, 39.2, 1.0)):
            site.wait_until(lambda: helpline.channels, "the call is up all the same")
        assert line.door.live(ended=True) == []
    assert status.trouble.endswith("says that the user 'tests' or the password is wrong")


def test_where_a_call_stands(helpline: Asterisk, served: Line) -> None:
    """It rings, is put on hold, and handed on to somebody else."""
    helpline.configure(
        "colleague.dialplan",
        "[calls](+)\nexten => colleague,1,"
        f"Dial(PJSIP/agent/sip:colleague@{helpline.address}:5072,20)\n",
    )
    news: list[Event] = []
    threading.Thread(target=listen, args=(served, news), daemon=True).start()
    asked, answered = speech(CALL, CALLER, 3.0, 9.0), speech(CALL, AGENT, 3.0, 9.0)
    with (
        agent(helpline, answered, scenario="transferring"),
        agent(helpline, answered, port=5072),
        caller(helpline, "helpline", asked) as party,
    ):
        party.wait(9.0)
    over(served)
    served.site.wait_until(lambda: any(each.kind == "call.ended" for each in news), "it is told")
    told = [(each.kind, state) for each in news if (state := (each.detail or {}).get("state"))]
    assert told == [
        ("call.connected", "connected"),
        ("call.ringing", "ringing"),
        ("call.progress", "connected"),
        ("call.progress", "on_hold"),
        ("call.progress", "connected"),
        ("call.transfer_requested", "transferring"),
        ("call.transferred", "connected"),
        ("call.ended", "ended"),
    ]


def listen(line: Line, news: list[Event]) -> None:
    with Door(line.site.home) as door:
        for together in door.live_news():
            news.extend(together)


def loudness(samples: bytes) -> float:
    return float(np.sqrt((np.frombuffer(samples, "<i2").astype(float) ** 2).mean()))
