"""A real Asterisk and a real daemon: both parties are heard, and no caller depends on it."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from statistics import median

import jiwer
import numpy as np
import pytest

from tests.conftest import CALL, Site, cut_call
from tests.line import SAID, Line, live, serve
from tests.live.asterisk import PASSWORD, USER, Asterisk
from tests.live.kills import VICTIMS, Rounds
from tests.live.parties import agent, caller, share, speech, undisturbed
from voicectl.asterisk.snippets import Line as Told
from voicectl.live import LiveView
from voicectl.types import Ask, Source

AGENT, CALLER = 0, 1
KILLS, PEOPLE_SECONDS, BACK_SECONDS = 10, 3.0, 10.0
SECONDS = 14.7
HEARD = 0.9
"""Of what was said: on a machine with much to do telephones and Asterisk leave frames out."""
SERVED = """
[[listen]]
name = "pbx"
port = 0
transport = "{transport}"
rate = 8000
[live]
language = "en"
"""


BY_ARI = """
[asterisk]
ari = "http://{address}:8088"
user = "{user}"
password_file = "ari.password"
"""


@pytest.fixture
def served(site: Site, weights: Path, asterisk: Asterisk, transport: str) -> Iterator[Line]:
    config = SERVED.format(transport=transport)
    if transport == "ari":
        (site.folder / "ari.password").write_text(f"{PASSWORD}\n")
        config += BY_ARI.format(address=asterisk.address, user=USER)
    with serve(site, config) as line:
        yield line


def whole_call(path: Path) -> Source:
    path.write_bytes(cut_call(0.0, SECONDS))
    return Source(str(path), path.name)


@pytest.mark.parametrize("transport", ["audiosocket", "websocket", "ari"])
def test_both_parties_are_heard(
    helpline: Asterisk, served: Line, tmp_path: Path, transport: str
) -> None:
    asked, answered = (speech(CALL, channel, 0.0, SECONDS) for channel in (CALLER, AGENT))
    answers = "" if transport == "ari" else ",U(voicectl-agent)"
    helpline.tell(
        Told("", transport, port=served.port),
        f"Answer()\nGosub(voicectl,s,1)\nDial(PJSIP/agent,20{answers})",
    )

    def placed() -> LiveView:
        before = len(served.door.live(ended=True))
        with agent(helpline, answered), caller(helpline, "helpline", asked) as party:
            party.wait(SECONDS)
        return served.ended(before + 1)[-1]

    view = undisturbed(placed)
    english = {"transcribe": {"language": "en"}}
    batch = served.door.submit(Ask((whole_call(tmp_path / "call.wav"),), options=english)).id
    assert view.call.legs == ("caller", "agent")
    assert view.call.warnings == ()
    with wave.open(view.call.recording) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    for leg, said in enumerate((asked, answered)):
        assert share(sound[:, leg].tobytes(), said) > HEARD
    assert [who for who, _ in groupby(turn.speaker for turn in view.turns)] == [
        "agent", "caller", "agent",
    ]  # fmt: skip
    least = jiwer.wer(SAID, served.found(batch))
    # A machine with much to do cuts turns elsewhere; one word is 0.03 here.
    assert jiwer.wer(SAID, live(view)) <= least + 0.2
    assert jiwer.wer(SAID, served.batch(view)) <= least + 0.02


@pytest.mark.parametrize("victim", VICTIMS)
def test_what_is_killed_costs_no_caller(
    asterisk: Asterisk, site: Site, weights: Path, victim: str
) -> None:
    """Seconds are those that are promised; the middle of ten, for the machine has other work."""
    fates = Rounds(site, asterisk).play(victim, KILLS)
    assert len(fates) >= KILLS
    assert median(fate.people for fate in fates) <= PEOPLE_SECONDS
    assert median(fate.back for fate in fates) <= BACK_SECONDS
