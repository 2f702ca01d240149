"""A full disk, no network, no way to the outside: the daemon where it has little."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

from voicectl.client import Door
from voicectl.types import EventKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk


@pytest.fixture
def small_site(site: Site, weights: Path) -> Iterator[Site]:
    """A site whose data folder has a disk of 64 MB."""
    site.home.folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", site.home.folder]
    subprocess.run(mount, check=True)
    yield site
    site.end()
    site.check()
    subprocess.run(["umount", site.home.folder], check=True)


def fill(folder: Path) -> Path:
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)):
                pass
            while file.write(b"."):
                pass
        except OSError:
            pass
    return ballast


@pytest.mark.root
def test_a_full_disk_stops_nothing_for_good(
    small_site: Site, make_call: Callable[..., Path], at_desk: Callable[[Door], Desk]
) -> None:
    with Door.open() as door:
        desk = at_desk(door)
        pid = door.status().pid
        paths = [make_call("long", 0.0, 65.0)]
        paths += [make_call(str(number), float(number), 2.0) for number in range(4)]
        job = desk.ask(*paths)
        full = waited = False
        with desk.watch(job.id) as events:
            for event in events:
                if event.kind is EventKind.TASK_STARTED and not full:
                    ballast = fill(small_site.home.folder)
                    full = True
                elif event.kind is EventKind.TASK_REQUEUED:
                    assert "disk is probably full" in (event.detail or {})["text"]
                    assert door.status().disk_free < 100_000, "it still answers"
                    assert door.job(job.id).counts.get("done", 0) < 5
                    ballast.unlink(missing_ok=True)
                    waited = True
        assert waited
        assert {str(task.state) for task in door.tasks(job.id)} == {"done"}
        assert door.status().pid == pid, "without a restart"
        assert door.status().calls == 5


@pytest.mark.root
def test_work_that_is_handed_in_on_a_full_disk_is_refused_or_done(
    small_site: Site, calls: Path, at_desk: Callable[[Door], Desk]
) -> None:
    with Door.open() as door:
        desk = at_desk(door)
        ballast = fill(small_site.home.folder)
        taken = []
        for _ in range(20):
            try:
                taken.append(desk.ask(*calls.iterdir()))
            except Exception as error:  # noqa: BLE001, the class is the point
                assert type(error).__name__ == "DiskFull"  # noqa: PT017
                break
        else:
            pytest.fail("a full disk was not noticed")
        ballast.unlink()
        for job in taken:
            assert {str(task.state) for task in desk.wait(job)} == {"done"}
        assert {str(task.state) for task in desk.do(*calls.iterdir())} == {"done"}


@pytest.mark.root
def test_without_a_network(site: Site, weights: Path, calls: Path) -> None:
    """In a network namespace that has nothing, not even loopback."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from voicectl.client import Door\n"
        "from voicectl.types import *\n"
        "with Door.open() as door:\n"
        "    sources = tuple(Source(str(p), p.name) for p in Path(sys.argv[1]).iterdir())\n"
        "    for options in ({'language': 'en'}, {}):\n"
        "        job = door.submit(Ask(sources, options={'transcribe': options}))\n"
        "        for event in door.events(job.id): pass\n"
        "        print(*(task.state for task in door.tasks(job.id)))\n"
        "    door.stop()\n"
    )
    ran = subprocess.run(
        ["unshare", "-n", sys.executable, "-c", code, calls],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.splitlines() == ["done done done"] * 2, ran.stderr


def test_it_opens_no_socket_to_the_outside(desk: Desk, site: Site, calls: Path) -> None:
    job = desk.ask(*calls.iterdir())
    seen = set()
    with desk.watch(job.id) as events:
        for _ in events:
            for process in site.processes():
                try:
                    seen.update((line.family, line.raddr) for line in process.net_connections())
                except psutil.Error:
                    continue
    assert seen == set()


def test_it_asks_for_no_more_rights_than_it_needs(desk: Desk, site: Site) -> None:
    """What it makes is private whatever the user's umask is."""
    before = os.umask(0)
    try:
        desk.door.stop()
        site.wait_until(lambda: site.pid is None, "it leaves")
        assert desk.door.calls() == []
    finally:
        os.umask(before)
    for path in site.home.folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
