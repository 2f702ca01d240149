"""No network, no way to the outside: the daemon where it has little."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk


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
