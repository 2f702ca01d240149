"""Regular expressions that a site writes, as RE2 reads them. The only import of re2.

They take time in proportion to the text and never more: what somebody wrote
badly cannot hold up a worker, nor the daemon.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

KEPT = 2048
"""Expressions that stay compiled: those of a site, not those of every job there ever was."""


@lru_cache(KEPT)
def compiled(pattern: str, *, case: bool = True) -> Any:
    """Return an expression ready for use. Raises `ValueError` when it cannot be read."""
    import re2  # loaded only by who has expressions

    options = re2.Options()
    options.case_sensitive = case
    options.log_errors = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise ValueError(f"the expression cannot be read: {told}") from error


def quoted(text: str) -> str:
    """Return the expression that fits `text` and nothing else."""
    import re2

    escaped: str = re2.escape(text)
    return escaped
