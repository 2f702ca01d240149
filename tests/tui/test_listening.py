"""A call is played as far as it is recorded, to whoever may hear it."""

from __future__ import annotations

import threading
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.tui import scenes
from tests.tui.conftest import Watching, ready, until
from tests.waiting import wait_until
from voicectl.errors import VoicectlError
from voicectl.live import CallState
from voicectl.tui.listening import sound
from voicectl.tui.listening.player import Player
from voicectl_daemon.media.growing import Backlog, Growing

RATE = 8000
SOUND = (np.arange(2 * RATE) % 1000).astype("<i2")
"""Two seconds."""


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what is played goes."""
    path = tmp_path / "heard.wav"
    monkeypatch.setenv(sound.PLACE, f"file:{path}")
    return path


def frames(path: Path) -> bytes:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels()) == (RATE, 2)
        return file.readframes(file.getnframes())


def recording(path: Path) -> Growing:
    growing = Growing(path, RATE, 2, Backlog())
    say(growing, SOUND.tobytes(), 2.0)
    return growing


def say(growing: Growing, said: bytes, until: float) -> None:
    for leg in range(2):
        growing.add(leg, said, until)
    growing.take()
    growing.write()


def finish(growing: Growing) -> None:
    growing.end()
    growing.close()


class Listener:
    """Whoever presses the key."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.over, self.ended = threading.Event(), threading.Event()
        self.player = Player(self.told.append)

    def play(self, path: Path) -> None:
        self.player.play(path, self.over.is_set, self.ended.set)


def test_a_call_that_is_over_is_played_from_its_beginning(tmp_path: Path, heard: Path) -> None:
    finish(recording(tmp_path / "call.wav"))
    listener = Listener()
    listener.over.set()
    listener.play(tmp_path / "call.wav")
    assert listener.ended.wait(30)
    assert frames(heard) == frames(tmp_path / "call.wav")
    assert len(frames(heard)) == 4 * len(SOUND)
    assert listener.told == []


def test_a_call_that_goes_on_is_followed_to_its_end(tmp_path: Path, heard: Path) -> None:
    path = tmp_path / "call.wav"
    growing = recording(path)
    listener = Listener()
    listener.play(path)
    wait_until(lambda: heard.exists() and heard.stat().st_size > RATE, "some of it is played")
    say(growing, SOUND[::-1].tobytes(), 4.0)
    finish(growing)
    listener.over.set()
    assert listener.ended.wait(30)
    assert frames(heard) == frames(path), "all of two seconds before it was asked for, and on"


def test_who_stops_hears_nothing_more(tmp_path: Path, heard: Path) -> None:
    recording(tmp_path / "call.wav")
    listener = Listener()
    listener.play(tmp_path / "call.wav")
    wait_until(heard.exists, "it begins")
    listener.player.stop()
    assert not listener.ended.is_set()
    assert not [each for each in threading.enumerate() if each.name == "listening"]


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot be read: No such file"), (b"RIFF", "is no WAV file"), (b"", "is no WAV file")],
)
def test_what_cannot_be_played_is_told_of(
    tmp_path: Path, heard: Path, content: bytes | None, why: str
) -> None:
    path = tmp_path / "call.wav"
    if content is not None:
        path.write_bytes(content)
    listener = Listener()
    listener.play(path)
    assert listener.ended.wait(30)
    (told,) = listener.told
    assert why in told


def test_a_machine_without_a_device_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(sound.PLACE, raising=False)
    monkeypatch.setenv("ALSA_CONFIG_PATH", "/dev/null")
    with pytest.raises(VoicectlError, match=r"PortAudio is not|has no sound device") as caught:
        sound.open_output(RATE, 2)
    assert caught.value.hint
    monkeypatch.setenv(sound.PLACE, "loud")
    with pytest.raises(VoicectlError, match="which is no file"):
        sound.open_output(RATE, 2)


@pytest.mark.anyio
async def test_a_key_plays_the_chosen_call_and_stops_it(tmp_path: Path, heard: Path) -> None:
    path = tmp_path / "call.wav"
    growing = recording(path)
    call = replace(scenes.call(), recording=str(path))
    source = scenes.house(scenes.events(call), may_unmask=False)
    app = Watching(source)
    async with app.run_test() as pilot:
        await ready("l", also=lambda app: len(app._notifications))(pilot)
        assert not source.unmasked, "who may not see it may not hear it"
        source.may_unmask = True
        await pilot.press("l")
        await until(pilot, lambda: app.board.playing == call.id, "it is played")
        await until(pilot, heard.exists, "it is heard")
        await pilot.press("l")
        await until(pilot, lambda: app.board.playing is None, "it is not")
        ended = replace(call, state=CallState.ENDED, ended=scenes.NOW)
        finish(growing)
        source.happen(scenes.events(ended))
        await until(pilot, lambda: app.board.call(call.id) == ended, "it has ended")
        await pilot.press("l")
        await until(pilot, lambda: len(source.unmasked) == 2, "it is played once more")
        await until(pilot, lambda: app.board.playing is None, "and to its end")
    assert source.unmasked == [(call.id, "sound")] * 2
    assert frames(heard) == frames(path)
