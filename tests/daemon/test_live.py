"""Calls in progress, through a real daemon, a real line and real ears."""

from __future__ import annotations

import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import jiwer
import psutil
import pytest

from tests.conftest import Site, cut_call
from tests.line import LINE, SAID, SECONDS, Line, live, serve, sound
from voicectl.events import EventKind
from voicectl.live import CallState
from voicectl_daemon.ears.followed import MOST_SECONDS as AT_A_TIME
from voicectl_daemon.media import framing
from voicectl_daemon.media.audiosocket import IDENTITY, message
from voicectl_daemon.media.caller import samples

IDLE = """
[[listen]]
name = "pbx"
port = 0
most_calls = 3
allow = ["127.0.0.0/8"]
[live]
language = "en"
setup_seconds = 0.5
idle_seconds = 2
"""

UNHEARD = """
[[listen]]
name = "pbx"
port = 0
transport = "websocket"
mode = "post-call"
[live]
post_call = ""
"""
PINGS = (b"\x89\xfd" + bytes(4) + bytes(125)) * 100


@pytest.fixture
def serving(site: Site, weights: Path) -> Iterator[Line]:
    """A daemon that serves."""
    with serve(site, LINE) as line:
        yield line


@pytest.mark.parametrize("transport", ["audiosocket", "uid"])
def test_a_call_is_understood_while_it_goes_on_and_after(
    serving: Line, call: Path, transport: str
) -> None:
    turns = []
    with serving.played(call, transport=transport):
        serving.site.wait_until(serving.door.live, "the call is seen")
        for together in serving.door.live_news(serving.door.live()[0].id):
            turns += [each.detail for each in together if each.kind is EventKind.TRANSCRIPT_TURN]
            if any((each.detail or {}).get("told") for each in together):
                break
    (view,) = serving.ended()
    assert view.call.state is CallState.ENDED
    assert view.call.reason == "hangup"
    assert view.call.warnings == ()

    rate = 16000 if transport == "uid" else 8000
    assert sound(view) == samples(str(call), rate), "not a bit is lost"
    assert Path(view.call.recording).stat().st_mode & 0o077 == 0, "nobody else hears it"

    assert all(turn.final and turn.suspect is None for turn in view.turns)
    assert [turn.start for turn in view.turns] == sorted(turn.start for turn in view.turns)
    told = {turn["id"]: turn["text"] for turn in turns if turn and turn["final"]}
    assert told == {turn.id: turn.text for turn in view.turns}
    partial = [turn for turn in turns if turn and not turn["final"]]
    assert partial, "long turns are shown while they are spoken"
    assert jiwer.wer(SAID, live(view)) <= jiwer.wer(SAID, serving.batch(view)) + 0.2


def test_calls_at_once_are_kept_apart(serving: Line, call: Path) -> None:
    with serving.played(call, calls=3):
        pass
    views = serving.ended(3)
    assert {sound(view) for view in views} == {samples(str(call), 8000)}
    assert len({tuple(turn.text for turn in view.turns) for view in views}) == 1
    assert serving.told.frames_received > 0.9 * serving.told.frames_sent, "they are spoken to"
    ours = psutil.Process().nice()
    yields = [serving.child(each).nice() - ours for each in ("media", "ears", "worker")]
    assert yields == [0, 5, 10], "sound comes first, then who listens, then who works on files"


def test_lost_ears_are_replaced_and_miss_nothing(serving: Line, call: Path) -> None:
    with serving.played(call):
        serving.site.wait_until(serving.turns, "the first turn is told")
        serving.child("ears").kill()
    (view,) = serving.ended()
    assert jiwer.wer(SAID, live(view)) <= 0.35
    assert len({turn.id for turn in view.turns}) == len(view.turns)


def test_ears_that_are_behind_say_so_and_tell_final_turns_alone(serving: Line, call: Path) -> None:
    ears = serving.child("ears")
    with serving.played(call):
        serving.site.wait_until(serving.door.live, "the call is seen")
        ears.suspend()
        news = serving.door.live_news(serving.door.live()[0].id)
    serving.site.wait_until(lambda: not serving.door.live(), "the call is over")
    told = next(news)
    ears.resume()
    while not any((each.detail or {}).get("told") for each in told):
        told += next(news)
    details = [each.detail or {} for each in told]
    assert max(each.get("lag", 0.0) for each in details) > SECONDS
    turns = [each for each in details if "final" in each]
    assert all(each["final"] or each["end"] < AT_A_TIME for each in turns)
    assert jiwer.wer(SAID, live(*serving.ended())) <= 0.35


def test_a_lost_line_is_open_again_and_the_recording_plays(serving: Line, call: Path) -> None:
    with serving.played(call):
        serving.site.wait_until(serving.recorded, "some seconds are recorded")
        serving.child("media").kill()
    (view,) = serving.ended()
    assert view.call.state is CallState.ERROR
    assert len(sound(view)) > SECONDS * 16_000
    assert sound(view) == samples(str(call), 8000)[: len(sound(view))]
    with serving.played(call):
        serving.site.wait_until(serving.recorded, "it takes calls again")


def test_a_daemon_that_is_killed_owes_nothing_to_its_calls(
    site: Site, weights: Path, call: Path
) -> None:
    with serve(site, LINE) as line, line.played(call):
        site.wait_until(line.recorded, "some seconds are recorded")
        site.kill()
    with serve(site, LINE) as line:
        site.wait_until(line.door.jobs, "the recording is worked on")
        (job,) = line.door.jobs()
        site.wait_until(lambda: line.door.job(job.id).state == "finished", "it is done")
        (task,) = line.door.tasks(job.id)
        assert str(task.state) == "done"


def test_a_daemon_that_hangs_keeps_no_sound_from_the_disk(serving: Line, call: Path) -> None:
    pid = serving.site.pid
    assert pid is not None
    with serving.played(call):
        serving.site.wait_until(serving.recorded, "some seconds are recorded")
        (recording,) = serving.site.home.recordings.iterdir()
        os.kill(pid, signal.SIGSTOP)
        size = recording.stat().st_size
        serving.site.wait_until(lambda: recording.stat().st_size > size + 32_000, "it grows")
        os.kill(pid, signal.SIGCONT)
    (view,) = serving.ended()
    assert sound(view) == samples(str(call), 8000)


def test_a_recording_of_which_nothing_is_written_down_is_worked_on(
    site: Site, weights: Path, call: Path
) -> None:
    site.home.recordings.mkdir(parents=True)
    (site.home.recordings / "20261121-030405-pbx-0123456789.wav").write_bytes(call.read_bytes())
    (site.home.recordings / "notes of somebody.wav").write_bytes(b"")
    for _ in range(2):
        with serve(site, LINE) as line:
            site.wait_until(line.door.jobs, "it is worked on")
            (job,) = line.door.jobs()
            assert job.command == "after the call 0123456789"


def test_a_call_that_is_deleted_is_gone(site: Site, weights: Path, call: Path) -> None:
    with serve(site, LINE) as line:
        with line.played(call, calls=2):
            pass
        views = line.ended(2)
        for view in views:
            line.batch(view)
        (task,) = line.door.tasks(str(view.call.job))
        assert task.call
        asked = f"SELECT id, line, reason, legs, job FROM live_calls WHERE call='{task.call}'"
        site.wait_until(lambda: len(line.door.sql(asked, 9).rows) == 2, "they are in the store")
        assert set(map(str, line.door.sql(asked, 9).rows)) == {
            str((each.call.id, "pbx", "hangup", list(each.call.legs), each.call.job))
            for each in views
        }
        deleted = line.door.delete(task.call)
        assert set(deleted.removed) == {each.call.recording for each in views}, "they are equal"
        assert not list(site.home.recordings.iterdir())
        assert line.door.live(ended=True) == []
    for file in (site.home.ledger, site.home.store):
        content = file.read_bytes()
        for view in views:
            assert view.call.id.encode() not in content
            assert view.call.channel.encode() not in content


def test_strange_peers_are_hung_up_on_and_harm_nobody(
    site: Site, weights: Path, call: Path
) -> None:
    with serve(site, IDLE) as line:
        with line.played(call):
            silent = line.knock()
            strange = line.knock(b"\x01\x00\x05hello")
            stalled = line.knock(b"1768629478.110\r" + bytes(32_000))
            assert strange.recv(1) == b"", "it is no AudioSocket"
            assert silent.recv(1) == b"", "it did not say which call it is"
            assert stalled.recv(1) == b"", "nothing came any more"
        reasons = {view.call.channel: view.call.reason for view in line.ended(2)}
        assert reasons.pop("1768629478.110") == "silent line"
        assert list(reasons.values()) == ["hangup"]
        crowd = [line.knock() for _ in range(6)]
        assert [each.recv(1) for each in crowd] == [b""] * 6
        log = (site.folder / "serve.log").read_text()
        assert log.count("there are 3 connections already") == 3


def test_who_goes_without_reading_to_the_end_has_hung_up(site: Site, weights: Path) -> None:
    with serve(site, UNHEARD.replace("websocket", "audiosocket")) as line:
        with line.up() as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()  # the kernel resets the connection, as it does for Asterisk
        site.wait_until(lambda: not line.door.live(), "the call is over")
        (call,) = line.door.live(ended=True)
        assert call.reason == "hangup"


def test_what_was_said_before_a_reset_is_recorded(site: Site) -> None:
    """It is here already when the line finds that nobody hears its silence any more."""
    said = bytes(range(1, 161)) * 100
    frames = b"".join(message(0x10, said[at : at + 320]) for at in range(0, len(said), 320))
    with serve(site, UNHEARD.replace("websocket", "audiosocket")) as line:
        peer = line.knock(message(IDENTITY, uuid4().bytes), frames)
        site.wait_until(lambda: line.door.live() and line.door.live()[0].seconds >= 1, "heard")
        media = line.child("media")
        media.suspend()
        peer.sendall(frames * 3)
        peer.close()  # unread silence makes it a reset
        media.resume()
        site.wait_until(lambda: not line.door.live(), "the call is over")
        (call,) = line.door.live(ended=True)
        assert sound(line.door.live_call(call.id)) == said * 4


def test_no_more_is_told_than_is_on_disk(site: Site) -> None:
    """Not even by rounding: what was told must play when the next moment kills the line."""
    said = bytes(range(1, 251)) * 65
    with serve(site, UNHEARD.replace("websocket", "audiosocket")) as line:
        line.knock(message(IDENTITY, uuid4().bytes), message(0x10, said))
        site.wait_until(lambda: line.door.live() and line.door.live()[0].seconds >= 1, "heard")
        (call,) = line.door.live()
        assert call.seconds == len(sound(line.door.live_call(call.id))) / 2 / 8000 == 1.015625


def test_strange_websockets_are_hung_up_on_and_harm_nobody(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(cut_call(0.0, 4.0))
    with serve(site, UNHEARD) as line:
        asking = framing.request(f"ws://127.0.0.1:{line.port}/media")
        start = framing.text("MEDIA_START connection_id:c7 format:slin", mask=True)
        with line.played(path, transport="websocket"):
            page = line.knock(asking[:-2] + b"Origin: http://127.0.0.1\r\n\r\n")
            vast = line.knock(asking, start, b"\x82\xff" + (1 << 40).to_bytes(8) + bytes(4))
            deaf = line.knock(asking, start)
            assert everything(page).startswith(b"HTTP/1.1 403 ")
            assert everything(vast).startswith(b"HTTP/1.1 101 ")
            with pytest.raises(ConnectionError):
                ask_and_ask(deaf)
        site.wait_until(lambda: not line.door.live(), "all calls are over")
        views = [line.door.live_call(call.id) for call in line.door.live(ended=True)]
    reasons = {view.call.reason: view for view in views}
    assert len(reasons) == 3
    heard, said = sound(reasons.pop("hangup")), samples(str(path), 8000)
    assert spoken(heard) == spoken(said), "not a bit is lost"
    assert "it asks and does not read the answers" in reasons
    assert "it is no WebSocket as Asterisk opens it: PayloadTooBig" in reasons


def ask_and_ask(peer: socket.socket) -> None:
    """Want to be answered, and read no answer."""
    while True:
        peer.sendall(PINGS)


def spoken(samples: bytes) -> list[int]:
    """Return all but silence, which stands for what came late on a machine with much to do."""
    return [sample for sample in memoryview(samples).cast("h") if sample]


def everything(peer: socket.socket) -> bytes:
    """Return what a peer is told until it is hung up on."""
    told = b""
    while some := peer.recv(4096):
        told += some
    return told


def test_a_line_that_cannot_be_opened_is_told(site: Site, weights: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        config = f'[[listen]]\nname = "a"\nport = {port}\n[[listen]]\nname = "b"\nport = 0\n'
        with serve(site, config) as line:
            assert line.port
            first, second = line.door.lines()
            assert (first.name, first.port, second.name) == ("a", 0, "b")
            assert "in use" in first.trouble
