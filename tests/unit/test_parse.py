"""Values of types, read by several threads at once."""

from __future__ import annotations

import subprocess
import sys

import pytest

TWO_THREADS = '''
import threading
from dataclasses import dataclass

import msgspec

from voicectl import parse

found = []

def read():
    found.append(READ)

second = threading.Thread(target=read)

def meanwhile():
    """An annotation; while it is found out, another thread reads the class that it is in."""
    second.start()
    second.join(PATIENCE)
    assert second.is_alive(), "it did not wait until the class was known"
    return int

@dataclass
class Part:
    number: "meanwhile()"

@dataclass
class Whole:
    part: Part
    name: str = ""

told = b'{"part": {"number": 7}, "name": "a call"}'
read()
second.join()
assert found == [Whole(Part(7), "a call")] * 2, found
'''
WAITS = 1.0
"""Seconds in which a thread that does not wait would long have read, or crashed."""


@pytest.mark.parametrize(
    "read", ["parse.json(told, Whole)", "parse.plain(msgspec.json.decode(told), Whole)"]
)
def test_two_threads_read_a_class_that_is_new_to_both(read: str) -> None:
    """A process of its own: what goes wrong here is a segmentation fault."""
    command = [
        sys.executable,
        "-c",
        TWO_THREADS.replace("READ", read).replace("PATIENCE", str(WAITS)),
    ]
    subprocess.run(command, check=True, timeout=60)
