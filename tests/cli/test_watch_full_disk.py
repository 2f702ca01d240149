"""A folder that is watched, and no room for a while: nothing goes that is not safe elsewhere."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_watch import names, watching
from tests.conftest import cut_call, mounted
from tests.daemon.test_full_disk import fill
from tests.waiting import wait_until
from voicectl.cli.arrivals import Arrivals
from voicectl.cli.parting import ASIDE, Parting
from voicectl.cli.progress import Story, Taste
from voicectl.cli.watching import Pace, Watcher
from voicectl.client import Door
from voicectl.errors import DiskFull
from voicectl.types import Ask, Outputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.text import Text

    from tests.cli.conftest import Cli
    from tests.conftest import Site

pytestmark = pytest.mark.root


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 24 MB."""
    with mounted(tmp_path / "disk", "size=24m") as folder:
        yield folder


class Inbox:
    """A folder in which calls come, and where they and their texts go."""

    def __init__(self, site: Site, disk: Path, away: str) -> None:
        """`away`: what of it lies on that disk."""
        places = {
            name: (disk if name in away.split() else site.folder) / name
            for name in ("in", "text", "done")
        }
        self.folder, self.text, self.done = places.values()
        self.folder.mkdir()
        self.done.mkdir()
        if "home" in away:
            (disk / "home").mkdir(mode=0o700)
            site.home.folder.symlink_to(disk / "home")
        self.content: dict[str, bytes] = {}

    def come(self, *numbers: int) -> None:
        """Let calls come; their first bytes have room on any disk."""
        for number in numbers:
            name = f"{number}.wav"
            self.content[name] = cut_call(3.0 * number, 3.0)
            (self.folder / name).write_bytes(self.content[name])

    def check(self) -> list[str]:
        """See that nothing is lost; return what has gone."""
        gone = names(self.done)
        texts = names(self.text)
        for name, content in self.content.items():
            place = self.done if name in gone else self.folder
            assert (place / name).read_bytes() == content
        assert {name.removesuffix(".wav") for name in gone} <= {
            name.removesuffix(".txt") for name in texts
        }, "no recording goes before its text is there"
        assert all((self.text / name).read_text() for name in texts), "none is half"
        return gone


def test_no_room_in_the_data_folder(fresh: Cli, disk: Path) -> None:
    """One watcher goes through it all."""
    inbox = Inbox(fresh.site, disk, "home")
    inbox.come(*range(4))
    with watching(fresh, "--move-to", "done") as child:
        fresh.wait_until(lambda: names(inbox.done))
        ballast = fill(disk)
        inbox.come(*range(4, 7))
        assert child.stderr
        said = iter(child.stderr.readline, "")
        assert any(line.startswith("waiting  ") for line in said), "it is told that it waits"
        assert "6.wav" in names(inbox.folder)
        assert len(names(inbox.done)) <= len(names(inbox.text))
        ballast.unlink()
        fresh.wait_until(lambda: len(names(inbox.done)) == 7)
        child.send_signal(signal.SIGINT)
        assert fresh.end(child).status == 130
    inbox.check()


@pytest.mark.parametrize(
    ("away", "spare"), [("text", 0), ("done", 4096), ("in text done home", 8192)]
)
def test_no_room_where_things_go(
    site: Site, weights: Path, disk: Path, away: str, spare: int
) -> None:
    """One watcher after the other, as cron would have them."""
    inbox = Inbox(site, disk, away)
    ask = Ask((), outputs=Outputs(str(inbox.text), ("txt",)))
    watchers = 0

    def watch() -> list[str]:
        nonlocal watchers
        watchers += 1
        told = Story(Taste(quiet=True))
        arrivals = Arrivals(inbox.folder, tell=told.say)
        parting = Parting(inbox.folder, move_to=inbox.done)
        with suppress(DiskFull):
            Watcher(arrivals, ask, parting, Pace(0.0, 0.1, 0.0), told).watch(once=True)
        return inbox.check()

    inbox.come(0)
    wait_until(lambda: len(watch()) == 1, "there is room")
    inbox.come(1, 2, 3)
    ballast = fill(disk, spare)
    for _ in range(3):
        assert len(watch()) < 4, "not all of them have room"
    assert not list(inbox.folder.rglob(f"{ASIDE}*"))
    ballast.unlink()
    wait_until(lambda: len(watch()) == 4, "all are done when there is room")
    assert not list(inbox.folder.iterdir())
    with Door(site.home) as door:
        assert len(door.jobs()) <= watchers, "each has one try"


class Listener(Story):
    """Makes room when it hears that there is none, and leaves when what it waits for is told."""

    def __init__(self, disk: Path) -> None:
        super().__init__(Taste())
        self.disk = disk
        self.told: list[str] = []

    def say(self, line: str | Text) -> None:
        self.told.append(str(line))
        if "stays where it is" in str(line):
            options = ["-o", "remount,nr_inodes=50"]
            subprocess.run(["mount", *options, self.disk], check=True)

    def note(self, text: str) -> None:
        self.told.append(text)
        if "moved to" in text:
            raise KeyboardInterrupt


def test_no_room_to_put_a_recording_back(site: Site, weights: Path, tmp_path: Path) -> None:
    """It lies aside until there is some; the same watcher sees to it."""
    with mounted(tmp_path / "names", "size=4m,nr_inodes=5") as disk:
        inbox = Inbox(site, disk, "in done")
        inbox.come(0)
        ask = Ask((), outputs=Outputs(str(inbox.text), ("txt",)))
        parting, told = Parting(inbox.folder, move_to=inbox.done), Listener(disk)
        arrivals = Arrivals(inbox.folder, tell=told.say)
        Watcher(arrivals, ask, parting, Pace(0.0, 0.1, 0.1), told).watch(once=False)
        assert "0.wav: put back, it lay aside" in told.told
        assert inbox.check() == ["0.wav"]
        assert not list(inbox.folder.iterdir())
