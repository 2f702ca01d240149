"""Recordings that come into a folder: taken, done, moved; whatever is killed meanwhile."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.waiting import wait_until
from voicectl.cli.arrivals import Arrivals
from voicectl.cli.parting import Parting
from voicectl.cli.progress import Story, Taste
from voicectl.cli.watching import Pace, Watcher
from voicectl.types import Ask, Outputs

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cli.conftest import Cli
    from tests.conftest import Site

QUICK = ("--settle", "0.5", "--poll", "0.1", "-f", "txt", "-o", "text")


def names(folder: Path) -> list[str]:
    found = folder.rglob("*") if folder.exists() else ()
    return sorted(str(path.relative_to(folder)) for path in found if path.is_file())


@contextmanager
def watching(cli: Cli, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Watch `in`; whatever happens, do not leave a watcher behind."""
    child = cli.start("watch", "in", *QUICK, *more)
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()


@pytest.fixture
def inbox(fresh: Cli) -> Path:
    folder = fresh.folder / "in"
    folder.mkdir()
    return folder


def test_what_comes_is_done_and_moved(fresh: Cli, inbox: Path) -> None:
    (inbox / "bad.wav").write_bytes(b"no recording at all")
    (fresh.folder / "done").mkdir()
    (fresh.folder / "done" / "one.wav").write_bytes(b"of yesterday")
    with watching(fresh, "-r", "--move-to", "done", "--failed-to", "bad") as child:
        part = fresh.clip("in/one.wav.part", 0.0, 3.2)
        fresh.wait_until(lambda: names(fresh.folder / "bad") == ["bad.wav"])
        part.rename(inbox / "one.wav")
        fresh.clip("in/inner/caf\udce9 'two\n\".wav", 12.5, 3.0)
        fresh.wait_until(lambda: names(inbox) == [])
        child.send_signal(signal.SIGINT)
        ended = fresh.end(child)
    assert ended.status == 130
    assert "go on with: voicectl watch in" in ended.stderr
    assert "failed  bad.wav cannot be decoded" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert names(fresh.folder / "done") == ["inner/caf\udce9 'two\n\".wav", "one-2.wav", "one.wav"]
    assert (fresh.folder / "done" / "one.wav").read_bytes() == b"of yesterday"
    assert "blacklisted" in (fresh.folder / "text" / "one.txt").read_text()
    assert len(names(fresh.folder / "text" / "inner")) == 1
    assert set(fresh.states) == {"done", "failed"}


def test_once_for_cron(fresh: Cli, inbox: Path) -> None:
    once = ("watch", "in", *QUICK, "--once", "--quiet", "--after", "delete")
    nothing = fresh.run(*once)
    assert (nothing.status, nothing.stdout, nothing.stderr) == (0, "", "")
    fresh.clip("in/one.wav", 0.0, 3.2)
    done = fresh.run(*once)
    assert (done.status, done.stdout, done.stderr) == (0, "", "")
    assert (names(inbox), names(fresh.folder / "text")) == ([], ["one.txt"])
    (inbox / "bad.wav").write_bytes(b"no recording at all")
    bad = fresh.run(*once)
    assert bad.status == 3
    assert bad.stderr.count("\n") == 1
    assert names(inbox) == ["bad.wav"]


def test_what_was_kept_is_not_done_again(fresh: Cli, inbox: Path) -> None:
    path = fresh.clip("in/one.wav", 0.0, 3.2)
    assert fresh.run("watch", "in", *QUICK, "--once").status == 0
    assert fresh.run("watch", "in", *QUICK, "--once").status == 0
    assert [job["skipped"] for job in fresh.run("jobs", "list", "--json").json] == [1, 0]
    path.write_bytes(fresh.clip("other.wav", 12.5, 3.0).read_bytes())
    assert fresh.run("watch", "in", *QUICK, "--once").status == 0
    assert len(names(fresh.folder / "text")) == 2, "both calls have been"


@pytest.mark.parametrize("victim", ["watcher", "daemon"])
def test_kills_lose_nothing(fresh: Cli, inbox: Path, victim: str) -> None:
    wanted = [f"{number}.wav" for number in range(6)]
    for name in wanted[:4]:
        fresh.clip(f"in/{name}", 3.0 * int(name[0]), 3.0)
    with watching(fresh, "--move-to", "done") as child:
        for number in range(2):
            fresh.wait_until(lambda number=number: len(names(fresh.folder / "done")) > number)
            if victim == "daemon":
                fresh.wait_until(lambda: fresh.site.pid)
                fresh.site.kill()
                continue
            child.kill()
            child.communicate()
            child = fresh.start("watch", "in", *QUICK, "--move-to", "done")
        for name in wanted[4:]:
            fresh.clip(f"in/{name}", 3.0 * int(name[0]), 3.0)
        fresh.wait_until(lambda: names(fresh.folder / "done") == wanted)
        child.kill()
        child.communicate()
    # It was killed a last time, perhaps between its last two steps.
    assert fresh.run("watch", "in", *QUICK, "--once", "--move-to", "done").status == 0
    assert names(fresh.folder / "done") == wanted
    assert names(inbox) == []
    assert names(fresh.folder / "text") == [f"{number}.txt" for number in range(6)]


def test_two_watchers_of_one_folder(fresh: Cli, inbox: Path) -> None:
    for number in range(4):
        fresh.clip(f"in/{number}.wav", 3.0 * number, 3.0)
    once = ("watch", "in", *QUICK, "--once", "--move-to", "done")
    both = [fresh.start(*once), fresh.start(*once)]
    for ended in [fresh.end(child) for child in both]:
        assert "Traceback" not in ended.stderr
    assert names(fresh.folder / "done") == [f"{number}.wav" for number in range(4)]
    assert names(fresh.folder / "text") == [f"{number}.txt" for number in range(4)]
    assert names(inbox) == []


def test_what_was_in_the_way_is_tried_again(site: Site, weights: Path, calls: Path) -> None:
    done = site.folder / "done"
    ask = Ask((), outputs=Outputs(str(site.folder / "text"), ("txt",)))
    parting, pace = Parting(calls, move_to=done), Pace(0.0, 0.1, 0.1)
    told: list[str] = []
    arrivals = Arrivals(calls, tell=told.append)
    watcher = Watcher(arrivals, ask, parting, pace, Story(Taste(quiet=True)))
    assert len(watcher.watch(once=True).results) == 3
    assert len(names(calls)) == 3, "the folder that they go to is not there"
    done.mkdir()
    wait_until(lambda: watcher.watch(once=True) and not names(calls), "they are moved")
    assert len(names(done)) == 3


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nothing",), "there is no folder 'nothing'"),
        (("in", "--after", "move"), "--move-to DIR"),
        (("in", "--after", "delete", "--move-to", "done"), "contradicts"),
        (("in", "--move-to", "in"), "is the folder that is watched"),
        (("in", "--recipe", "typo"), "there is no recipe called 'typo'"),
        (("in", "--settle", "-1"), "is not 0 or more"),
        (("in", "--failed-to", "file/x"), "cannot be used"),
    ],
)
def test_what_makes_no_sense(
    fresh: Cli, inbox: Path, arguments: tuple[str, ...], reason: str
) -> None:
    (fresh.folder / "file").touch()
    refused = fresh.run("watch", *arguments)
    assert refused.status == 2, refused.stderr
    assert reason in refused.stderr
    assert names(inbox) == []
