"""Files that people write by hand: small, regular, and never waited for by a daemon."""

from __future__ import annotations

import errno
from pathlib import Path


def content(path: Path, largest: int, *, pipes: bool = False) -> bytes:
    """Return the bytes of such a file, of at most `largest` bytes.

    Raises `OSError`, with a `strerror` that says why. A pipe is read only where
    somebody who can end it waits for its writer.
    """
    if not pipes and path.is_fifo():
        raise OSError(errno.EINVAL, "it is a pipe")
    with path.open("rb") as file:
        found = file.read(largest + 1)
    if len(found) > largest:
        raise OSError(errno.EFBIG, f"it is larger than {largest // 1024} KiB")
    return found
