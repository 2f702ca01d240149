"""When a recording in a folder is whole, and when it is another one."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from voicectl.cli.arrivals import Arrivals

if TYPE_CHECKING:
    from pathlib import Path

SETTLE = 10.0


class Watched:
    """A folder with a clock that stands still."""

    def __init__(self, folder: Path, **more: bool) -> None:
        self.folder = folder
        self.now = 1000.0
        self.told: list[str] = []
        folder.mkdir(exist_ok=True)
        self.arrivals = Arrivals(folder, clock=lambda: self.now, tell=self.told.append, **more)

    def after(self, seconds: float) -> list[str]:
        """Read the folder some time later; return what is whole."""
        self.now += seconds
        self.arrivals.read()
        return [str(path.relative_to(self.folder)) for path in self.arrivals.whole(SETTLE)]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "in")


def test_what_is_still_written_is_not_taken(watched: Watched) -> None:
    path = watched.folder / "a.wav"
    path.write_bytes(b"1")
    assert watched.after(0) == []
    assert watched.after(9) == []
    path.write_bytes(b"12")
    assert watched.after(9) == [], "it has grown"
    os.utime(path, ns=(5, 5))
    assert watched.after(9) == [], "somebody writes it, or sets its time"
    assert watched.after(9) == []
    assert watched.after(1) == ["a.wav"]


def test_a_file_without_content_is_one_that_has_just_begun(watched: Watched) -> None:
    (watched.folder / "a.wav").touch()
    assert watched.after(0) == []
    assert watched.after(99) == []


@pytest.mark.parametrize("year", [0, 4_000_000_000], ids=["1970", "2096"])
def test_the_clock_of_another_machine_does_not_matter(watched: Watched, year: int) -> None:
    path = watched.folder / "a.wav"
    path.write_bytes(b"1")
    os.utime(path, (year, year))
    watched.after(0)
    assert watched.after(SETTLE) == ["a.wav"]


def test_it_comes_once_and_again_when_it_is_another(watched: Watched) -> None:
    path = watched.folder / "a.wav"
    path.write_bytes(b"1")
    watched.after(0)
    assert watched.after(SETTLE) == ["a.wav"]
    watched.arrivals.take(path)
    assert watched.after(SETTLE) == []
    other = watched.folder / "b.tmp"
    other.write_bytes(b"2")
    shutil.copystat(path, other)
    other.replace(path)  # of the same size and time
    assert watched.after(0) == []
    assert watched.after(SETTLE) == ["a.wav"]
    watched.arrivals.take(path)
    watched.arrivals.give_back(path)
    assert watched.after(SETTLE - 1) == []
    assert watched.after(1) == ["a.wav"]


def test_only_whole_recordings_count(watched: Watched, tmp_path: Path) -> None:
    names = ("a.wav.part", ".a.wav", "a.wav.tmp", "a.wav.filepart", ".a.wav.Xy12", "a.txt", "a~")
    for name in names:
        (watched.folder / name).write_bytes(b"1")
    os.mkfifo(watched.folder / "f.wav")
    (watched.folder / "loop.wav").symlink_to("loop.wav")
    (watched.folder / "nowhere.wav").symlink_to("nothing.wav")
    (watched.folder / "folder.wav").mkdir()
    watched.after(0)
    assert watched.after(SETTLE) == []
    (watched.folder / "a.wav.part").rename(watched.folder / "a.wav")
    watched.after(0)
    assert watched.after(SETTLE) == ["a.wav"]


def test_folders_inside(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for place in ("x/y", "done", ".hidden"):
        (folder / place).mkdir(parents=True)
        (folder / place / "a.wav").write_bytes(b"1")
    (folder / "x" / "up").symlink_to(folder)
    flat, deep = Watched(folder), Watched(folder, recursive=True, without=[folder / "done"])
    for watched in (flat, deep):
        watched.after(0)
    assert flat.after(SETTLE) == []
    assert deep.after(SETTLE) == ["x/y/a.wav"]


def test_a_folder_that_goes_and_comes_back(watched: Watched) -> None:
    for name in ("a.wav", "b.wav"):
        (watched.folder / name).write_bytes(b"1")
    watched.after(0)
    watched.arrivals.take(watched.folder / "a.wav")
    away = watched.folder.with_name("away")
    watched.folder.rename(away)
    assert watched.after(99) == []
    assert watched.after(99) == []
    away.rename(watched.folder)
    assert watched.after(0) == [], "nobody knows what happened meanwhile"
    assert watched.after(SETTLE) == ["b.wav"], "the other one was taken before"
    assert len(watched.told) == 2, watched.told


def test_the_oldest_come_first(watched: Watched) -> None:
    for name, written in (("a.wav", 30), ("b.wav", 10), ("c.wav", 20)):
        (watched.folder / name).write_bytes(b"1")
        os.utime(watched.folder / name, (written, written))
    watched.after(0)
    assert watched.after(SETTLE) == ["b.wav", "c.wav", "a.wav"]
