"""Calls that a telephone of our own answers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import wave
from pathlib import Path
from typing import TypeAlias

import jiwer
import numpy as np
import pytest

from tests.conftest import Site, cut_call
from tests.line import SAID, Line, live, serve, sound, words
from tests.sip import needs_sip
from voicectl.live import CallState, LiveView
from voicectl.types import Ask, Source
from voicectl_daemon.media.caller import samples

pytestmark = needs_sip

LINE = """
[[listen]]
name = "phone"
transport = "sip"
port = 0
[live]
language = "en"
"""
UNHEARD = """
[[listen]]
name = "phone"
transport = "sip"
port = 0
mode = "post-call"
[live]
post_call = ""
"""
NARROW = """most_calls = 1
allow = ["127.0.0.1"]
"""
STRANGERS = 'allow = ["10.0.0.0/8"]\n'
RATE = 16_000
TENTH = RATE // 10
LATE = RATE // 2
"""So many samples later than it was said something may be in the recording."""
QUIET, ALIKE = 200.0, 0.95
"""Loudness of what is not looked for, and how far sound that went through a codec correlates."""
TWO_WORDS = 0.07
PLACES = range(0, RATE // 10, RATE // 100)
"""How much silence is put before a sound, in samples: ten times 10 ms."""
HEARD = 0.96
"""Of what is said: where sound comes late, the library puts a frame of its own between."""
STOPS, MOMENT_SECONDS = 9, 0.2
"""How often a telephone sends nothing, for so long, and then all at once."""
Samples: TypeAlias = np.ndarray[tuple[int], np.dtype[np.float64]]


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Some seconds."""
    path = tmp_path / "short.wav"
    path.write_bytes(cut_call(0.0, 6.0))
    return path


def with_line(more: str) -> str:
    """Return a config whose line says more."""
    return UNHEARD.replace("[live]", more + "[live]")


def log(line: Line) -> str:
    return (line.site.folder / "serve.log").read_text()


def up(line: Line, count: int) -> None:
    line.site.wait_until(lambda: len(line.door.live()) == count, f"{count} calls are up")


def both(view: LiveView, call: Path) -> tuple[Samples, Samples]:
    """Return what is in the recording, and what was said."""
    said = np.frombuffer(samples(str(call), RATE), "<i2")
    return np.frombuffer(sound(view), "<i2").astype(float), said.astype(float)


def heard(view: LiveView, call: Path) -> float:
    """Return how much of the loud tenths of seconds of a call is in its recording."""
    recorded, said = both(view, call)
    found = []
    for at in range(0, len(said) - TENTH, TENTH):
        piece, near = said[at : at + TENTH], recorded[at : at + TENTH + LATE]
        if piece.std() > QUIET:
            power = np.convolve(near**2, np.ones(TENTH), "valid") + 1.0
            alike = np.correlate(near, piece, "valid") / np.sqrt(power * (piece @ piece))
            found.append(alike.max() > ALIKE)
    assert len(found) > 50
    return float(np.mean(found))


def wrong(line: Line, spoken: Samples, folder: Path) -> list[float]:
    """Return the WER of a sound without a telephone, behind so much silence each.

    Behind 10 ms more of silence, the smallest model understands four of 33 words of the very same
    samples otherwise, so one beginning tells nothing.
    """
    folder.mkdir()
    for place in PLACES:
        with wave.open(str(folder / f"{place}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(bytes(2 * place) + spoken.astype("<i2").tobytes())
    options = {"transcribe": {"language": "en", "channels": "mix"}}
    sources = tuple(Source(str(path), path.name) for path in sorted(folder.iterdir()))
    asked = line.door.submit(Ask(sources, options=options)).id
    line.site.wait_until(lambda: line.door.job(asked).state == "finished", "all are worked on")
    found = [line.door.call(str(task.call)).transcript for task in line.door.tasks(asked)]
    return [jiwer.wer(SAID, words(each.text)) for each in found if each]


def test_a_call_is_answered_and_understood(
    site: Site, weights: Path, call: Path, tmp_path: Path
) -> None:
    with serve(site, LINE) as line:
        with line.played(call, transport="sip"):
            site.wait_until(line.turns, "something is told while it goes on")
        (view,) = line.ended()
        assert view.call.state is CallState.ENDED
        assert (view.call.line, view.call.reason) == ("phone", "hangup")
        assert view.call.warnings == ()
        assert heard(view, call) > HEARD
        recorded, said = both(view, call)
        after = wrong(line, recorded, tmp_path / "recorded")
        least = np.mean(wrong(line, said, tmp_path / "said"))
        assert len(after) == len(PLACES)
        assert np.mean(after) <= least + TWO_WORDS
        assert jiwer.wer(SAID, line.batch(view)) <= max(after)
        assert jiwer.wer(SAID, live(view)) <= least + 0.2


def test_sound_that_comes_in_bursts_is_not_thrown_away(site: Site, call: Path) -> None:
    with serve(site, UNHEARD) as line:
        assert line.port
        with line.played(call, transport="sip"):
            up(line, 1)
            caller = line.child("phone.caller")
            for stop in range(1, STOPS + 1):
                site.wait_until(lambda after=stop: line.door.live()[0].seconds > after, "it talks")
                caller.suspend()
                time.sleep(MOMENT_SECONDS)  # what is tried: nothing is waited for
                caller.resume()
        site.wait_until(lambda: not line.door.live(), "it is over")
        (known,) = line.door.live(ended=True)
        view = line.door.live_call(known.id)
    assert heard(view, call) > HEARD


def test_a_call_for_which_there_is_no_room_is_refused_and_told(site: Site, short: Path) -> None:
    with serve(site, UNHEARD) as line:
        assert line.port
        with line.played(short, transport="sip", calls=4):
            up(line, 4)
            with line.played(short, transport="sip"):
                pass
            assert line.told.calls == 0, "the fifth is not answered"
        assert (line.told.calls, line.told.lost) == (4, 0), "it costs the others nothing"
        counted = 'voicectl_calls_total{line="phone",state="failed"} 1'
        assert counted in line.asked("/metrics").text, "listeners are told"
        why = "refused a call (486): there are 4 calls already"
        site.wait_until(lambda: why in log(line), "it is told")
        with line.played(short, transport="sip"):
            up(line, 1)
        assert line.told.lost == 0


def test_calls_that_follow_at_once_are_all_answered(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "word.wav"
    path.write_bytes(cut_call(1.0, 1.5))
    with serve(site, UNHEARD) as line:
        telephone = line.port and line.child("phone")
        for _ in range(3):
            with line.played(path, transport="sip", calls=4):
                pass
            assert (line.told.calls, line.told.lost) == (4, 0)
        site.wait_until(lambda: not line.door.live(), "nothing is left of them")
        assert len(line.door.live(ended=True)) == 12
        assert line.child("phone") == telephone
        assert "phone: " not in log(line)


@pytest.mark.parametrize(
    ("more", "known", "why"),
    [(NARROW, 1, "(486): there are 1 calls already"), (STRANGERS, 0, "(403): it is not among")],
)
def test_a_line_takes_no_more_and_no_others_than_it_says(
    site: Site, short: Path, more: str, known: int, why: str
) -> None:
    with serve(site, with_line(more)) as line:
        assert line.port
        with line.played(short, transport="sip", calls=known + 1):
            site.wait_until(lambda: why in log(line), "one is refused")
            up(line, known)


def test_a_lost_telephone_is_replaced_and_what_it_brought_plays(site: Site, short: Path) -> None:
    with serve(site, UNHEARD) as line:
        assert line.port
        with line.played(short, transport="sip"):
            site.wait_until(line.recorded, "some seconds are recorded")
            line.child("phone").kill()
            up(line, 0)
            site.wait_until(lambda: not line.door.lines()[0].port, "it is told")
        assert line.port
        with line.played(short, transport="sip"):
            up(line, 1)
        assert (line.told.calls, line.told.lost) == (1, 0), "it answers again"
        site.wait_until(lambda: not line.door.live(), "both are over")
        first, _ = [line.door.live_call(call.id) for call in line.door.live(ended=True)]
    assert len(sound(first)) > 2 * 2 * 16_000


def test_a_telephone_that_hangs_is_replaced(site: Site) -> None:
    with serve(site, UNHEARD) as line:
        assert line.port
        telephone = line.child("phone")
        telephone.suspend()
        site.wait_until(lambda: line.child("phone").pid != telephone.pid, "there is another one")
        assert line.port


def test_a_telephone_without_power_is_hung_up_on(site: Site, short: Path) -> None:
    with serve(site, UNHEARD + "idle_seconds = 1\n") as line:
        with line.played(short, transport="sip"):
            site.wait_until(line.recorded, "some seconds are recorded")
            caller = line.child("phone.caller")
            caller.suspend()
            up(line, 0)
            caller.resume()
        (call,) = line.door.live(ended=True)
    assert call.reason == "silent line"


def test_where_nobody_listens_nobody_is_answered(site: Site, short: Path) -> None:
    with serve(site, UNHEARD) as line:
        assert line.port
        with line.played(short, transport="sip"):
            site.wait_until(line.recorded, "some seconds are recorded")
            media = line.child("media")
            media.kill()
        assert line.told.lost == 1, "it is hung up on"
        site.wait_until(lambda: line.child("media").pid != media.pid, "there is another one")
        assert line.port
        media = line.child("media")
        os.kill(media.pid, signal.SIGSTOP)
        with line.played(short, transport="sip"):
            pass
        assert line.told.calls == 0
        os.kill(media.pid, signal.SIGCONT)
        why = "(503): nobody could listen to it"
        site.wait_until(lambda: why in log(line), "it is told")


def test_a_changed_line_lets_its_call_end(site: Site, short: Path) -> None:
    with serve(site, UNHEARD) as line:
        before = line.port
        pid = site.pid
        assert pid is not None
        with line.played(short, transport="sip", rate=16_000):
            site.wait_until(line.recorded, "some seconds are recorded")
            site.configure(UNHEARD + "[listen.sip]\ncodecs = ['G722']\n")
            os.kill(pid, signal.SIGHUP)
            site.wait_until(lambda: line.port != before, "another telephone answers")
            assert len(line.door.live()) == 1
        assert (line.told.calls, line.told.lost) == (1, 0)
        with line.played(short, transport="sip"):
            pass
        assert line.told.calls == 0, "it does not speak G.711"
        site.wait_until(lambda: len(site.running("phone")) == 1, "the one before is gone")


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not on this machine")
def test_tls_is_of_version_1_2(site: Site) -> None:
    files = [str(site.folder / name) for name in ("phone.key", "phone.pem")]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=phone"]
    subprocess.run([*made, "-keyout", files[0], "-out", files[1]], capture_output=True, check=True)
    names = "certificate_file = 'phone.pem'\nkey_file = 'phone.key'\n"
    with serve(site, with_line(f"[listen.sip]\nover = 'tls'\n{names}")) as line:
        where = f"127.0.0.1:{line.port}"
        spoken = {}
        for version in ("tls1", "tls1_1", "tls1_2"):
            # Of a library that would speak older ones if it was asked to.
            asking = ["openssl", "s_client", "-connect", where, f"-{version}"]
            asking += ["-cipher", "DEFAULT@SECLEVEL=0"]
            said = subprocess.run(asking, input="", capture_output=True, text=True, timeout=20)
            spoken[version] = "Cipher is (NONE)" not in said.stdout
    assert spoken == {"tls1": False, "tls1_1": False, "tls1_2": True}
