"""What is told of an error that nobody foresaw: where it happened, and no word of a call."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from voicectl.errors import VoicectlError


def place(error: Exception) -> str:
    """Return what an error is and where it was raised, in one line that is fit for a log."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def write(log: logging.Logger, what: str, error: Exception) -> None:
    """Write to a log what happened and the lines of code that led there, without its words."""
    code = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", what, type(error).__name__, code)


@contextmanager
def survived(log: logging.Logger, what: str) -> Iterator[None]:
    """Go on behind the block whatever goes wrong in it: one of many must not end the others.

    An error of ours is told in its own words; all else with `what` was being done.
    """
    try:
        yield
    except VoicectlError as error:
        log.warning("%s", error.text)
    except Exception as error:  # noqa: BLE001, nobody foresaw it, and a thread has nobody above it
        write(log, what, error)


def sentence(error: Exception) -> str:
    """Return what a user is told.

    The words of errors that are about a value (`KeyError: 'otieno'`) may quote the
    call and are left out; those about the machine say what has to be mended.
    """
    words = "" if isinstance(error, ValueError | LookupError) else f": {error}"
    return place(error) + words
