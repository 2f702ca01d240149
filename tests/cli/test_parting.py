"""What becomes of recordings: nothing is overwritten, nothing is lost."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import mounted
from voicectl.cli.arrivals import Look, look_at
from voicectl.cli.parting import ASIDE, Parting, Stays, move
from voicectl.errors import RecordingError

if TYPE_CHECKING:
    from pathlib import Path

SAID = b"what was said"


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def look(path: Path) -> Look:
    found = look_at(path)
    assert found is not None
    return found


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "x").mkdir(parents=True)
    (tmp_path / "done").mkdir()
    (tmp_path / "in" / "x" / "a.wav").write_bytes(SAID)
    return tmp_path / "in"


def test_kept_moved_deleted(folder: Path) -> None:
    path, done = folder / "x" / "a.wav", folder.with_name("done")
    assert Parting(folder).from_done(path, look(path), digest(SAID)) == ""
    assert Parting(folder).from_failed(path, look(path)) == ""
    assert names(folder) == ["x/a.wav"]
    moved = Parting(folder, done).from_done(path, look(path), digest(SAID))
    assert moved == f"moved to {done}/x"
    assert (names(folder), names(done)) == ([], ["x/a.wav"])
    path.write_bytes(SAID)
    assert Parting(folder, delete=True).from_done(path, look(path), digest(SAID)) == "deleted"
    assert names(folder) == []
    assert list(path.parent.iterdir()) == [], "nothing hidden is left"


def test_what_was_changed_stays(folder: Path) -> None:
    path, done = folder / "x" / "a.wav", folder.with_name("done")
    partings = (Parting(folder, done), Parting(folder, delete=True))
    for parting in partings:
        with pytest.raises(Stays, match="has changed"):
            parting.from_done(path, look(path), digest(b"what was heard"))
        before = look(path)
        with path.open("ab") as file:
            file.write(b"!")
        with pytest.raises(Stays, match="has changed"):
            parting.from_done(path, before, digest(SAID))
        path.write_bytes(SAID)
    with pytest.raises(Stays, match="has changed"):
        Parting(folder, failed_to=done).from_failed(path, before)
    assert (names(folder), names(done)) == (["x/a.wav"], [])


def test_a_link_stays(folder: Path) -> None:
    link = folder / "b.wav"
    link.symlink_to("x/a.wav")
    with pytest.raises(Stays, match="is a link"):
        Parting(folder, delete=True).from_done(link, look(link), digest(SAID))
    assert names(folder) == ["b.wav", "x/a.wav"]


def test_names_that_are_taken(folder: Path) -> None:
    done = folder.with_name("done")
    for number in range(3):
        source = folder / "a.wav"
        source.write_bytes(b"%d" % number)
        move(source, done / "a.wav")
    assert {path.name: path.read_bytes() for path in done.iterdir()} == {
        "a.wav": b"0",
        "a-2.wav": b"1",
        "a-3.wav": b"2",
    }
    source.write_bytes(b"1")
    assert move(source, done / "a.wav").name == "a-2.wav", "the very same is there"
    assert not source.exists()
    assert len(names(done)) == 3


def test_a_disk_that_is_away_is_not_replaced(folder: Path) -> None:
    path, gone = folder / "x" / "a.wav", folder.with_name("gone")
    with pytest.raises(RecordingError, match="stays where it is"):
        Parting(folder, gone).from_done(path, look(path), digest(SAID))
    assert names(folder) == ["x/a.wav"]
    assert not gone.exists()


def test_a_watcher_was_killed_over_it(folder: Path) -> None:
    path = folder / "x" / "a.wav"
    aside = path.with_name(f"{ASIDE}1234")
    aside.mkdir()
    path.rename(aside / path.name)
    path.write_bytes(b"another one, which came meanwhile")
    back = list(Parting(folder).put_back())
    assert back == [folder / "x" / "a-2.wav"]
    assert back[0].read_bytes() == SAID
    assert names(folder) == ["x/a-2.wav", "x/a.wav"]
    assert not aside.exists()
    assert list(Parting(folder).put_back()) == []


@pytest.mark.root
def test_to_another_disk_and_one_that_is_full(folder: Path, tmp_path: Path) -> None:
    path = folder / "x" / "a.wav"
    path.write_bytes(content := os.urandom(1 << 20))
    os.utime(path, (1000, 1000))
    with mounted(tmp_path / "disk", "size=1600k") as disk:
        parting = Parting(folder, disk)
        parting.from_done(path, look(path), digest(content))
        assert names(disk) == ["x/a.wav"]
        assert (disk / "x" / "a.wav").read_bytes() == content
        assert (disk / "x" / "a.wav").stat().st_mtime == 1000
        path.write_bytes(content := os.urandom(1 << 20))
        with pytest.raises(RecordingError, match="No space left"):
            parting.from_done(path, look(path), digest(content))
        assert path.read_bytes() == content
        assert names(disk) == ["x/a.wav"]
        (disk / "x" / "a.wav").unlink()
        parting.from_done(path, look(path), digest(content))
        assert names(folder) == []
        assert (disk / "x" / "a.wav").read_bytes() == content
