"""Files that people write by hand: small, regular, and never waited for by a daemon."""

from __future__ import annotations

import difflib
import errno
from collections.abc import Iterable
from pathlib import Path

from voicectl.errors import ConfigError

LONGEST_PASSWORD = 4096
"""Bytes of a file with one."""


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


def password(file: str, section: str) -> str:
    """Return the first line of a file; empty without one. Raises `ConfigError`.

    `section` of the config names it, as `password_file`.
    """
    if not file:
        return ""
    try:
        text = content(Path(file), LONGEST_PASSWORD).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(
            f"the password in {file} cannot be read: {why}",
            hint=f"it is named by password_file in {section} of the config",
        ) from error
    return text.partition("\n")[0].strip()


def nearest(message: str, known: Iterable[str]) -> str:
    """Return a hint with the key that the writer of a misspelt one may have meant, or nothing.

    `message` is what msgspec says of it.
    """
    unknown = "unknown field" in message
    quoted = message.split("`")[1] if unknown and message.count("`") > 1 else ""
    near = difflib.get_close_matches(quoted, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else ""
