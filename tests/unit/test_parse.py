"""Values of types, read by several threads at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

TWO_THREADS = '''
import threading, time
from dataclasses import dataclass

import msgspec

from voicectl import parse

looking = threading.Event()

def slow():
    """An annotation that takes its time to be found out."""
    looking.set()
    time.sleep(0.5)
    return int

@dataclass
class Part:
    number: "slow()"

@dataclass
class Whole:
    part: Part
    name: str = ""

told = b'{"part": {"number": 7}, "name": "a call"}'
found = []
first = threading.Thread(target=lambda: found.append(READ))
second = threading.Thread(target=lambda: found.append(READ))
first.start()
looking.wait()
second.start()
first.join()
second.join()
assert found == [Whole(Part(7), "a call")] * 2, found
'''


@pytest.mark.parametrize(
    "read", ["parse.json(told, Whole)", "parse.plain(msgspec.json.decode(told), Whole)"]
)
def test_two_threads_read_a_class_that_is_new_to_both(read: str) -> None:
    """A process of its own: what goes wrong here is a segmentation fault."""
    command = [sys.executable, "-c", TWO_THREADS.replace("READ", read)]
    subprocess.run(command, check=True, timeout=60)
