"""A disk that does not answer, which is real: a file system that is frozen; that takes root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.conftest import Site
from tests.line import Line, serve, sound
from tests.waiting import wait_until
from voicectl_daemon.media.audiosocket import HANGUP, IDENTITY, RATES, message
from voicectl_daemon.media.caller import samples

LINE = """
[[listen]]
name = "pbx"
port = 0
mode = "post-call"
[live]
post_call = ""
recordings = "{folder}"
"""
NEEDED = {"mkfs.ext4": "e2fsprogs", "fsfreeze": "util-linux"}
"""Programs, and Debian's packages with them."""
BYTES = 32 << 20
SOUND = next(kind for kind, rate in RATES.items() if rate == 8000)
SPOKEN = 3 * 50
"""Frames that a caller hears in three seconds; a line that hangs would not say them."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk that can be frozen."""
    if missing := [package for name, package in NEEDED.items() if not shutil.which(name)]:
        pytest.skip(f"{' and '.join(missing)} must be installed")
    image, folder = tmp_path / "image", tmp_path / "disk"
    image.touch()
    os.truncate(image, BYTES)
    folder.mkdir()
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    command = ["mount", "-o", "loop", image, folder]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        pytest.skip(f"this machine lets nobody mount a disk: {ran.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """Let nobody write while the block runs; whatever becomes of us, it is thawed."""
    script = 'fsfreeze -f "$1" && echo frozen && read -r _; fsfreeze -u "$1"'
    with subprocess.Popen(
        ["sh", "-c", script, "sh", folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"frozen\n"
        yield
        holder.communicate(b"\n")


@pytest.fixture
def call(make_call: Callable[..., Path]) -> Path:
    return make_call("call", 0.0, 9.0)


def test_a_disk_that_hangs_makes_no_frame_late_and_loses_no_sound(
    site: Site, disk: Path, call: Path
) -> None:
    with serve(site, LINE.format(folder=disk / "calls")) as line:
        with line.played(call, calls=2):
            wait_until(lambda: grown(line) == 2, "they are recorded")
            with frozen(disk):
                meanwhile = said(site, line)
                wait_until(lambda: warned(line) == 3, "it is told")
            assert len(line.door.live()) == 3, "calls are over once they are on disk"
        wait_until(lambda: not line.door.live(), "they are over")
        views = [line.door.live_call(each.id) for each in line.door.live(ended=True)]
    short = next(view for view in views if view.call.seconds < 2)
    assert {sound(view) for view in views if view is not short} == {samples(str(call), 8000)}
    assert sound(short) == meanwhile
    assert {view.call.warnings for view in views} == {
        ("the disk is slow: what is said waits in memory",)
    }


def said(site: Site, line: Line) -> bytes:
    """Call, be spoken to, say a little, and hang up."""
    spoken = bytes(range(1, 161)) * 2
    peer = line.knock(message(IDENTITY, uuid4().bytes))
    peer.settimeout(10.0)
    heard = 0
    while heard < SPOKEN * len(message(SOUND, spoken)):
        heard += len(peer.recv(4096))
    peer.sendall(message(SOUND, spoken) + message(HANGUP, b""))
    return spoken


def grown(line: Line) -> int:
    return sum(each.seconds > 1 for each in line.door.live())


def warned(line: Line) -> int:
    return sum(bool(each.warnings) for each in line.door.live())
