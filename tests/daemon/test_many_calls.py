"""Many calls, many who only connect, and one who never listens: nothing is left of them."""

from __future__ import annotations

import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psutil
import pytest

from tests.conftest import Site, cut_call
from tests.line import Line, serve, sound
from voicectl_daemon.media.audiosocket import HANGUP, IDENTITY, RATES, message
from voicectl_daemon.media.caller import samples

WARM, CALLS, AT_ONCE = 100, 200, 50
IDLE = 1_000
GROWTH = {"voicectl_daemon": 24, "voicectl_daemon.media": 24, "voicectl_daemon.ears": 128}
"""MB by which a process may grow over all these calls. What a model works in comes and goes: ears
were seen with 260 to 340 MB, and no more after 700 calls than after 100."""
SOUND = next(kind for kind, rate in RATES.items() if rate == 8000)
HOSTILE = (
    message(SOUND, b"")[:2],  # and nothing more
    message(SOUND, bytes(65_535)) * 20,
    message(SOUND, b"") * 20_000,
    message(SOUND, b"\x01\x00") * 100_000,
    message(0x42, b"what nobody knows") * 1_000,
    message(0x03, b"5") * 10_000,
)
"""What is sent after who it is."""
SERVED = """
[[listen]]
name = "pbx"
port = 0
[live]
language = "en"
post_call = ""
"""
CROWDED = """
[[listen]]
name = "pbx"
port = 0
mode = "post-call"
most_calls = 2000
[live]
setup_seconds = 600
idle_seconds = 600
post_call = ""
"""


class Held(NamedTuple):
    """What a process holds that could be left of calls."""

    threads: int
    files: int


def held(site: Site) -> dict[int, Held]:
    """Return it by process."""
    return {each.pid: Held(each.num_threads(), each.num_fds()) for each in site.processes()}


def memory(site: Site) -> dict[str, int]:
    """Return how many MB each process holds, by module."""
    return {_module(each): each.memory_info().rss >> 20 for each in site.processes()}


def _module(process: psutil.Process) -> str:
    command = process.cmdline()
    return command[command.index("-m") + 1]


def call_many(line: Line, path: Path, calls: int) -> None:
    """Play calls at once, and wait until all is told of them."""
    with line.played(path, calls=calls):
        pass
    assert line.told.lost == 0

    def over() -> bool:
        return not line.door.live() and all(call.told for call in line.door.live(ended=True))

    line.site.wait_until(over, "the calls are over and told")


def test_nothing_is_left_of_many_calls(site: Site, weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(cut_call(3.0, 1.0))
    with serve(site, SERVED) as line:
        for _ in range(WARM // AT_ONCE):
            call_many(line, path, AT_ONCE)
        before, size = held(site), memory(site)
        for _ in range(CALLS // AT_ONCE):
            call_many(line, path, AT_ONCE)
        site.wait_until(
            lambda: all(
                now.threads <= before[pid].threads and now.files <= before[pid].files
                for pid, now in held(site).items()
                if pid in before
            ),
            f"threads and files are those of before: {before}",
        )
        assert held(site).keys() == before.keys(), "the same processes, and no others"
        grown = {name: now - size[name] for name, now in memory(site).items()}
        assert all(grown[name] <= most for name, most in GROWTH.items()), grown
    recordings = list(site.home.recordings.glob("*.wav"))
    assert len(recordings) == WARM + CALLS
    assert {each.stat().st_size for each in recordings} == {44 + len(samples(str(path), 8000))}


@contextmanager
def crowd(line: Line) -> Iterator[None]:
    """Connect many times, and say nothing."""
    soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < 2 * IDLE:
        pytest.skip(f"the system allows {most} open files, and a crowd needs {2 * IDLE}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * IDLE), most))
    try:
        for _ in range(IDLE):
            line.knock()
        yield
    finally:
        line.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


def test_a_crowd_on_the_line_harms_no_call(site: Site, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    path.write_bytes(cut_call(0.0, 6.0))
    said = samples(str(path), 8000)
    with serve(site, CROWDED) as line:
        assert line.port
        process = line.child("media")
        alone = process.num_fds()
        with crowd(line):
            site.wait_until(lambda: process.num_fds() >= alone + IDLE, "they are all there")
            with line.played(path, calls=5):
                deaf = line.knock(message(IDENTITY, uuid4().bytes), message(SOUND, said[:320]))
                hostile = [line.knock(message(IDENTITY, uuid4().bytes), each) for each in HOSTILE]
                hostile[0].shutdown(socket.SHUT_WR)
            assert process.num_fds() >= alone + IDLE, "they still are"
            for each in (deaf, *hostile[1:]):
                each.sendall(message(HANGUP, b""))
            site.wait_until(lambda: not line.door.live(), "the calls are over")
            views = [line.door.live_call(call.id) for call in line.door.live(ended=True)]
        site.wait_until(lambda: process.num_fds() <= alone, "they are gone")
    assert line.told.lost == 0
    assert line.told.frames_received > 0.9 * line.told.frames_sent
    assert all(view.call.reason == "hangup" for view in views)
    heard = [sound(view) for view in views if view.call.recording]
    assert heard.count(said) == 5, "not a frame is lost"
    assert heard.count(said[:320]) == 1, "nor what is said by one who does not listen"
    assert len(views) == 6 + len(HOSTILE)
