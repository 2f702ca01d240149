"""What is told of an error that nobody foresaw: where it happened, and no word of a call."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path


def place(error: Exception) -> str:
    """Return what an error is and where it was raised, in one line that is fit for a log."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"


def write(log: logging.Logger, what: str, error: Exception) -> None:
    """Write to a log what happened and the lines of code that led there, without its words."""
    code = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", what, type(error).__name__, code)


def sentence(error: Exception) -> str:
    """Return what a user is told.

    The words of errors that are about a value (`KeyError: 'otieno'`) may quote the
    call and are left out; those about the machine say what has to be mended.
    """
    words = "" if isinstance(error, ValueError | LookupError) else f": {error}"
    return place(error) + words
