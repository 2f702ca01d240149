"""Waiting for what will happen; of use without pytest, too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 120.0
"""Seconds after which something that should have happened will not happen any more."""
SOON, SELDOM = 0.02, 0.1
"""Seconds between looks, at first and in the end: a daemon that is asked for its calls 30 times a
second spends a third of a processor on that, and so takes it from what is waited for."""

T = TypeVar("T")


def wait_until(true: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """Wait for a condition, never for a time, and return what made it true."""
    end, pause = time.monotonic() + seconds, SOON
    while not (found := true()):
        assert time.monotonic() < end, f"it did not happen within {seconds:.0f} s: {what}"
        # Between two looks; what ends the wait is the condition, not a time that was guessed.
        time.sleep(pause)
        pause = min(1.25 * pause, SELDOM)
    return found
