"""A real Asterisk calls a telephone of ours, as it calls any other."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path

import jiwer
import pytest

from tests.conftest import CALL, Site
from tests.line import Line, live, serve
from tests.live.asterisk import HUMANS, PASSWORD, Asterisk
from tests.live.parties import RATE, caller, samples, speech, undisturbed
from tests.sip import needs_sip
from voicectl.live import LiveView
from voicectl.types import Ask, Source

pytestmark = needs_sip

CALLER, SECONDS = 1, 14.7
SAID = (
    "all nouns alongside the word sie for you always begin with a capital letter even in the "
    "middle of a sentence"
)
"""By her, in the call, as tests/data/call_en_0.stm has it."""
LINE = """
[[listen]]
name = "phone"
transport = "sip"
port = 0
[listen.sip]
account = "sip:phone@{address}"
password_file = "phone.password"
{more}
[live]
language = "en"
"""
ELSEWHERE = f"Dial(PJSIP/phone,5,g)\n{HUMANS}"
"""Whoever is not answered, or no more, is with people."""


@pytest.fixture
def served(site: Site, weights: Path, asterisk: Asterisk) -> Iterator[Line]:
    (site.folder / "phone.password").write_text(f"{PASSWORD}\n")
    with serve(site, LINE.format(address=asterisk.address, more="")) as line:
        assert line.port, "it is registered"
        yield line


def extension(asterisk: Asterisk, applications: str) -> None:
    steps = applications.replace("\n", "\n same => n,")
    asterisk.configure("phone.dialplan", f"[calls](+)\nexten => phone,1,{steps}\n")


def test_a_registered_telephone_is_called_and_understands(
    asterisk: Asterisk, served: Line, tmp_path: Path
) -> None:
    said = speech(CALL, CALLER, 0.0, SECONDS)
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples(said).tobytes())
    extension(asterisk, "Dial(PJSIP/phone,5)")

    def placed() -> LiveView:
        before = len(served.door.live(ended=True))
        with caller(asterisk, "phone", said) as party:
            party.wait(SECONDS)
        return served.ended(before + 1)[-1]

    view = undisturbed(placed)
    options = {"transcribe": {"language": "en"}}
    batch = served.door.submit(Ask((Source(str(path), path.name),), options=options)).id
    assert (view.call.line, view.call.reason, view.call.warnings) == ("phone", "hangup", ())
    least = jiwer.wer(SAID, served.found(batch))
    # A machine with much to do loses a frame now and then; one word is 0.05 here.
    assert jiwer.wer(SAID, served.batch(view)) <= least + 0.06
    assert jiwer.wer(SAID, live(view)) <= least + 0.2


@pytest.mark.parametrize("victim", ["media", "phone"])
def test_callers_are_with_people_when_it_dies(
    asterisk: Asterisk, served: Line, victim: str
) -> None:
    extension(asterisk, ELSEWHERE)
    with caller(asterisk, "phone", speech(CALL, CALLER, 0.0, 20.0)):
        served.site.wait_until(served.recorded, "she is heard")
        served.child(victim).kill()
        served.site.wait_until(lambda: asterisk.with_humans, "she is with people")
    served.site.wait_until(lambda: served.port, "it is registered again")


def test_a_conference_is_joined_and_left(
    asterisk: Asterisk, site: Site, weights: Path, tmp_path: Path
) -> None:
    (site.folder / "phone.password").write_text(f"{PASSWORD}\n")
    extension(asterisk, "Answer()\nConfBridge(round)")
    more = f'join = ["sip:phone@{asterisk.address}"]'
    with serve(site, LINE.format(address=asterisk.address, more=more)) as line:

        def placed() -> LiveView:
            site.wait_until(line.door.live, "it is there")
            before = len(line.door.live(ended=True)) - 1
            with caller(asterisk, "phone", speech(CALL, CALLER, 0.0, SECONDS)) as party:
                party.wait(SECONDS)
            asterisk.hang_up()
            return line.ended(before + 1)[-1]

        assert jiwer.wer(SAID, live(undisturbed(placed))) <= 0.4
        site.wait_until(line.door.live, "it is there again")
    site.wait_until(lambda: not asterisk.channels, "it has left")
