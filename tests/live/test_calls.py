"""Calls through a real Asterisk reach a listener whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CALL
from tests.live.asterisk import Asterisk
from tests.live.listener import listening
from tests.live.parties import agent, caller, samples, speech
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
CALLER, SPOKEN = 1, 29.4
"""Her channel in the recording, and the second from which on she speaks."""


def test_every_frame_of_a_caller_arrives(asterisk: Asterisk) -> None:
    said = speech(CALL, CALLER, SPOKEN, 3.0)
    with listening() as listener:
        asterisk.configure(
            "whole.dialplan",
            f"""[calls](+)
exten => whole,1,Answer()
 same => n,Set(CALL=${{UUID()}})
 same => n,Dial(AudioSocket/127.0.0.1:{listener.port}/${{CALL}}/c(slin),,g)
""",
        )
        with caller(asterisk, "whole", said) as party:
            party.wait(3.0)
        (heard,) = listener.heard
        listener.named(heard.name)
    assert heard.sizes == {320}
    # Silence may stand before and behind what was said; nothing is missing or changed in it.
    assert samples(said).tobytes() in bytes(heard.sound)


def test_a_call_that_is_over_leaves_nothing(asterisk: Asterisk) -> None:
    with caller(asterisk, "echo", speech(CALL, CALLER, 0.0, 1.0), calls=3) as party:
        wait_until(lambda: len(asterisk.channels) == 3, "three calls are up")
        party.wait(1.0)
    wait_until(lambda: not asterisk.channels, "they are gone")


def test_the_goodbye_of_another_call_keeps_no_agent_from_the_next(asterisk: Asterisk) -> None:
    asterisk.configure("picked.dialplan", "[calls](+)\nexten => picked,1,Dial(PJSIP/agent,20)\n")
    said = speech(CALL, CALLER, SPOKEN, 3.0)
    with caller(asterisk, "picked", said):
        with agent(asterisk, said):
            wait_until(lambda: asterisk.bridges, "they talk")
        asterisk.hang_up()  # nobody hears it, so it is said again
    with agent(asterisk, said) as human:
        wait_until(lambda: "BYE" in human.errors, "it is said to the next one")
        with caller(asterisk, "picked", said):
            wait_until(lambda: asterisk.bridges, "who picks up all the same")


@pytest.mark.skipif(not shutil.which("sox"), reason="sox is not on this machine")
def test_the_helpline_to_try_it_with(asterisk: Asterisk, tmp_path: Path) -> None:
    file = tmp_path / "call.wav"
    subprocess.run(("sox", CALL, file, "trim", "26.4", "2.5"), check=True)
    with listening() as listener:
        command = (sys.executable, "-m", "tests.live", file, "--port", str(listener.port))
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        legs = [listener.named(heard.name) for heard in listener.heard]
    assert "1 x 2 s of call.wav" in ran.stdout
    assert len(legs) == 2
    assert min(len(leg.sound) for leg in legs) > 1.5 * 16000
