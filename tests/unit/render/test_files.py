"""Where files go, and that they get there whole or not at all."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import mounted
from voicectl.errors import DiskFull, UsageError
from voicectl.render.files import candidates, distinct, write

OUT = Path("/out")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 16 KiB."""
    with mounted(tmp_path / "small", "size=16k") as folder:
        yield folder


@pytest.fixture
def closed_folder(tmp_path):
    """A folder that may not be written, not even by root."""
    folder = tmp_path / "closed"
    if os.geteuid() == 0:
        with mounted(folder, "ro"):
            yield folder
    else:
        folder.mkdir(mode=0o500)
        yield folder


@pytest.fixture
def open_umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


def test_a_file_holds_what_was_written(tmp_path):
    write(tmp_path / "a.txt", "habari 你好\r\n")
    assert (tmp_path / "a.txt").read_bytes() == "habari 你好\r\n".encode()


def test_an_older_file_is_replaced(tmp_path):
    write(tmp_path / "a.txt", "old and longer")
    write(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "new"


def test_nothing_else_is_left_in_the_folder(tmp_path):
    write(tmp_path / "a.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_missing_folders_are_made(tmp_path):
    write(tmp_path / "new" / "folder" / "a.txt", "x")
    assert (tmp_path / "new" / "folder" / "a.txt").exists()


def test_the_mode_follows_the_umask(tmp_path, open_umask):
    write(tmp_path / "a.txt", "x")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.root
def test_a_full_disk_is_told_as_such(small_disk):
    with pytest.raises(DiskFull) as raised:
        write(small_disk / "a.txt", "x" * 100_000)
    assert str(small_disk) in raised.value.hint


@pytest.mark.root
def test_a_full_disk_costs_neither_the_older_file_nor_room(small_disk):
    write(small_disk / "a.txt", "old")
    with pytest.raises(DiskFull):
        write(small_disk / "a.txt", "x" * 100_000)
    assert (small_disk / "a.txt").read_text() == "old"
    assert len(list(small_disk.iterdir())) == 1


def test_a_folder_that_may_not_be_written_is_named(closed_folder):
    with pytest.raises(UsageError) as raised:
        write(closed_folder / "a.txt", "x")
    assert str(closed_folder) in raised.value.hint


def test_a_folder_that_nobody_may_write_is_named():
    with pytest.raises(UsageError) as raised:
        write(Path("/proc/self/a.txt"), "x")
    assert "/proc/self" in raised.value.hint


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"a\.txt"):
        write(tmp_path / "file" / "a.txt", "x")


def test_a_folder_in_place_of_the_file_is_refused_and_the_draft_removed(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(UsageError):
        write(tmp_path / "a.txt", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_call_may_be_written_to_three_files():
    found = candidates(OUT, "a.b.wav", "srt", "c1")
    assert [path.name for path in found] == ["a.b.srt", "a.b.wav.srt", "a.b-c1.srt"]


def test_a_name_without_extension_has_one_file_less():
    assert candidates(OUT, "call", "srt", "c1") == [OUT / "call.srt", OUT / "call-c1.srt"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/x.wav", "..\\x.wav", "..", ".", "", "/"]
)
def test_no_name_leaves_the_folder(name):
    assert {(path.parent, ".." in path.parts) for path in candidates(OUT, name, "srt", "c1")} == {
        (OUT, False)
    }


@given(st.text(st.characters(), max_size=300), st.sampled_from(["srt", "json"]))
def test_any_name_makes_a_file_name(name, fmt):
    for path in candidates(OUT, name, fmt, "c1"):
        assert path.parent == OUT
        assert len(path.name.encode()) <= 255
        assert "Cc" not in map(unicodedata.category, path.name)
        assert path.name.endswith(f".{fmt}")


def test_a_long_name_keeps_the_call_apart():
    *_, last = candidates(OUT, "ш" * 300 + ".wav", "srt", "c1")
    assert last.name.endswith("ш-c1.srt")


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a.wav", "b.wav"], ["a", "b"]),
        (["x/a.wav", "y/b.wav"], ["a", "b"]),
        (["a.wav", "a.mp3", "b.wav"], ["a.wav", "a.mp3", "b"]),
        (["x/a.wav", "y/a.wav"], ["x-a.wav", "y-a.wav"]),
        (["/s/1/x/a.wav", "/s/2/x/a.wav"], ["1-x-a.wav", "2-x-a.wav"]),
        (["a.wav", "x/a.wav"], ["a.wav", "x-a.wav"]),
        (["a.wav", "a.mp3", "a.wav.ogg"], ["a.wav", "a.mp3", "a.wav.ogg"]),
        (["a.wav", "a.wav"], ["a", "a"]),
        (["a.wav", "./a.wav"], ["a", "a"]),
        (["/x/a.wav", "x/a.wav"], ["x-a.wav", "x-a.wav-2"]),
        ([], []),
    ],
)
def test_two_recordings_never_share_a_stem(names, stems):
    assert distinct(names) == stems


def test_the_order_of_the_recordings_does_not_matter():
    names = ["x/a.wav", "y/a.wav", "a.mp3", "b.wav"]
    forward = dict(zip(names, distinct(names), strict=True))
    backward = dict(zip(reversed(names), distinct(names[::-1]), strict=True))
    assert forward == backward


@given(st.lists(st.text("ab./", min_size=1, max_size=6), max_size=8))
def test_stems_are_as_many_as_paths(names):
    paths = {Path(name) for name in names}
    assert len(set(distinct(names))) == len(paths)


def test_long_names_that_begin_alike_stay_apart():
    stems = distinct([f"{'x' * 300}{place}.wav" for place in range(3)])
    assert len(set(stems)) == 3
    assert max(len(stem.encode()) for stem in stems) <= 240
