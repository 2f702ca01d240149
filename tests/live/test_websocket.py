"""chan_websocket of a real Asterisk, where control is words and sound is in G.711."""

from __future__ import annotations

import wave

import pytest

from tests.conftest import CALL, Site
from tests.line import serve
from tests.live.asterisk import HUMANS, Asterisk
from tests.live.parties import caller, has, speech
from voicectl.asterisk.snippets import Line as Told

CALLER = 1
LINE = """
[[listen]]
name = "pbx"
port = 0
transport = "websocket"
mode = "post-call"
[live]
post_call = ""
[daemon]
drain_seconds = 0
"""


@pytest.mark.parametrize("options", ["c(ulaw)", "c(slin)f(json)"])
def test_the_caller_is_heard_and_handed_back(asterisk: Asterisk, site: Site, options: str) -> None:
    asked = speech(CALL, CALLER, 29.4, 8.0)
    with serve(site, LINE) as line:
        first = f"Dial(WebSocket/voicectl-own/{options}v(call=${{UUID()}},leg=caller),,g)"
        asterisk.tell(Told("own", "websocket", port=line.port), f"Answer()\n{first}\n{HUMANS}")
        with caller(asterisk, "own", asked) as party:
            site.wait_until(lambda: any(call.seconds > 2 for call in line.door.live()), "heard")
            assert not asterisk.with_humans
            (call,) = line.door.live()
            line.door.stop()
            site.wait_until(lambda: asterisk.with_humans, "she is with people")
            party.wait(8.0)
    with wave.open(next(map(str, site.home.recordings.glob(f"*{call.id}.wav")))) as file:
        assert (file.getframerate(), file.getnchannels()) == (8000, 2)
        sound = file.readframes(file.getnframes())
    assert call.legs == ("caller", "agent")
    assert has(b"".join(sound[at : at + 2] for at in range(0, len(sound), 4)), asked[: 2 * 8000])
