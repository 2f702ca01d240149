"""A folder as nobody would make it on purpose, given to the command whole."""

from __future__ import annotations

import os
import re
import socket
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli, Ran

GOOD = 20
BAD = 90
OTHERS = 4_880
NAMES = (
    b"-rf.wav",
    b"--help.wav",
    b"new\nline.wav",
    b"bell\a tab\t.wav",
    b"\x1b[31mred\x1b]0;title\x07.wav",
    b"caf\xe9 latin-1.wav",
    b"\xff\xfe.wav",
    b"\xc2\x9b31m c1.wav",
    "\u202egnp.wav".encode(),
    "emoji \U0001f4de привет.wav".encode(),
    b"[bold]markup[link=x].wav",
    b"%s {0} $(reboot) `x` ; & |.wav",
    b" .wav",
    b"a..wav.wav",
    b"n" * 251 + b".wav",
    "\u00e9".encode() * 125 + b".wav",
)
"""File names that have tricked somebody."""
TRICKS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture
def wild(fresh: Cli) -> Path:
    """About 5,000 files: a few recordings, and everything else that a folder may hold."""
    folder = fresh.folder / "wild"
    for number in range(GOOD - len(NAMES)):
        fresh.clip(f"wild/deep/{number % 5}/good {number}.wav", number * 1.5, 1.2)
    (folder / "names").mkdir()
    for number, name in enumerate(NAMES):
        clip = fresh.clip("clip.wav", 40 + number * 0.5, 1.0)
        clip.rename(folder / "names" / os.fsdecode(name))
    for number in range(BAD):
        (folder / "deep" / f"bad {number}.wav").write_bytes(b"no recording %d" % number)
    for number in range(OTHERS):
        (folder / "deep" / f"{number}.txt").touch()
    (folder / "deep" / "loop").symlink_to(folder)
    (folder / "deep" / "round.wav").symlink_to("round.wav")
    (folder / "gone.wav").symlink_to("nowhere")
    (folder / "zero.wav").symlink_to("/dev/zero")
    (folder / "inner.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    with closing(socket.socket(socket.AF_UNIX)) as made:
        made.bind(str(folder / "s.wav"))
    return folder


def check_terminal(ran: Ran) -> None:
    """No name is obeyed by the terminal, nor makes a line of its own."""
    assert not TRICKS.search(ran.stdout + ran.stderr)
    assert "Traceback" not in ran.stderr


def test_a_wild_folder(fresh: Cli, wild: Path) -> None:
    options = ("-r", "-o", "out", "-f", "txt", "--model", "tiny.en", "--language", "en")
    ran = fresh.run("transcribe", "wild", *options)
    check_terminal(ran)
    assert ran.status == 1, ran.stderr[-2000:]
    unusable = 2  # links that lead nowhere, or round in circles
    assert ran.stderr.splitlines()[-1].startswith(f"{GOOD} done, {BAD + unusable} failed; ")
    assert ran.stderr.count("is no regular file: left out") == 3
    assert len(ran.stdout.splitlines()) == GOOD
    out = fresh.folder / "out"
    assert len(list(out.iterdir())) == GOOD
    assert {path.parent for path in wild.rglob("*.txt")} == {wild / "deep"}, "no file elsewhere"
    again = fresh.run("transcribe", "wild", *options, "--json")
    check_terminal(again)
    results = again.json["recordings"]
    assert sum(result["skipped"] for result in results) == GOOD
    assert sum(result["error"] is not None for result in results) == BAD + unusable
    for command in (("calls", "list", "--limit", "99"), ("jobs", "list"), ("calls", "show")):
        shown = fresh.run(*command)
        check_terminal(shown)
        assert shown.status == 0, shown.stderr


def test_a_name_that_looks_like_a_flag(fresh: Cli) -> None:
    fresh.clip("-rf.wav", 0.0, 1.0)
    options = ("--model", "tiny.en", "--language", "en", "-f", "txt")
    assert fresh.run("transcribe", *options, "-rf.wav").status == 2
    assert fresh.run("transcribe", *options, "--", "-rf.wav").status == 0
    assert fresh.run("transcribe", *options, "./-rf.wav").stdout == "-rf.txt\n"


def test_recordings_that_change_or_vanish_while_they_wait(fresh: Cli) -> None:
    """The first is long enough for the others to wait behind it."""
    fresh.site.configure("[workers]\ncount = 1")
    fresh.clip("a-long.wav", 0.0, 60.5)
    names = ("changed.wav", "gone.wav", "folder.wav", "pipe.wav", "same.wav")
    for number, name in enumerate(names):
        fresh.clip(name, number * 2.0, 2.0)
    options = ("-f", "txt", "--model", "tiny.en", "--language", "en", "--json")
    child = fresh.start("transcribe", "a-long.wav", *names, *options)
    fresh.wait_until(lambda: "running" in fresh.states)
    (fresh.folder / "changed.wav").write_bytes(fresh.clip("other.wav", 30.0, 2.0).read_bytes())
    for name in ("gone.wav", "folder.wav", "pipe.wav"):
        (fresh.folder / name).unlink()
    (fresh.folder / "folder.wav").mkdir()
    os.mkfifo(fresh.folder / "pipe.wav")
    ran = fresh.end(child)
    assert ran.status == 1, ran.stderr
    errors = {each["name"]: each["error"] for each in ran.json["recordings"]}
    assert errors["a-long.wav"] is errors["same.wav"] is None
    assert "was changed after it was looked at" in errors["changed.wav"]["text"]
    for name in ("gone.wav", "folder.wav", "pipe.wav"):
        assert errors[name]["code"] in ("recording", "undecodable"), errors[name]
        assert errors[name]["text"].startswith(name)
