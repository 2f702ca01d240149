"""Calls during which the machine did not stand still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

STALL_SECONDS = 0.1
"""So long Asterisk keeps the sound of two parties together; what comes later it throws away."""
TRIES = 5
T = TypeVar("T")


def undisturbed(place: Callable[[], T]) -> T:
    """Place a call, again if the machine stood still meanwhile; return what became of the last.

    A virtual machine whose host is busy has no processor now and then, for up to a second: what
    is missing then is no fault of anybody here.
    """
    for _ in range(TRIES):
        with _stalls() as stalls:
            found = place()
        if max(stalls) < STALL_SECONDS:
            break
    return found


@contextmanager
def _stalls() -> Iterator[list[float]]:
    """Yield how many seconds too long each short sleep was while the block ran."""
    over, late = threading.Event(), [0.0]

    def sleep() -> None:
        while not over.is_set():
            began = time.monotonic()
            time.sleep(0.01)
            late.append(time.monotonic() - began - 0.01)

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    try:
        yield late
    finally:
        over.set()
        thread.join()
