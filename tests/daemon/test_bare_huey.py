"""The same fire on a bare Huey queue loses jobs: the reason for the ledger, kept honest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

QUEUE = """
import sys, time
from pathlib import Path
from huey import SqliteHuey

folder = Path(sys.argv[1])
huey = SqliteHuey("bare", filename=str(folder / "bare.sqlite"))

@huey.task(name="work", retries=3)
def work(number):
    (folder / f"began {number}").touch()
    time.sleep(0.3)
    (folder / f"done {number}").touch()
"""
FILL = QUEUE + "\nfor number in range(12): work(number)\n"
WORK = QUEUE + (
    "\nfrom huey.consumer import Consumer"
    "\nConsumer(huey, workers=2, periodic=False, initial_delay=0.01, max_delay=0.05).run()\n"
)


def count(folder: Path, what: str) -> int:
    return len(list(folder.glob(f"{what} *")))


def test_bare_huey_loses_what_was_in_the_hands_of_a_killed_process(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FILL, tmp_path], check=True)
    for number in (signal.SIGKILL, signal.SIGTERM, None):
        before = count(tmp_path, "done")
        process = subprocess.Popen(
            [sys.executable, "-c", WORK, tmp_path], stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        if number is None:
            while count(tmp_path, "began") < 12 and time.monotonic() < end:
                time.sleep(0.05)
            time.sleep(1)
            number = signal.SIGINT
        else:
            while count(tmp_path, "began") <= before + 1 and time.monotonic() < end:
                time.sleep(0.01)
        os.kill(process.pid, number)
        process.wait()
    assert count(tmp_path, "began") == 12, "every job was handed out"
    lost = 12 - count(tmp_path, "done")
    assert lost >= 1
