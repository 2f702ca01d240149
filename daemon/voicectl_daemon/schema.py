"""Schema files in numbered sections, and which of them a store still lacks."""

from __future__ import annotations

import re
from importlib.resources import files

from voicectl.errors import ConfigError

_MARK = re.compile(r"^-- migration (\d+)$", re.MULTILINE)


def missing(schema: str, version: int, what: str) -> list[str]:
    """Return the sections of `schema` above `version`, in order.

    Raises `ConfigError` when `version` is newer than this program.
    """
    parts = _MARK.split(files("voicectl_daemon").joinpath(schema).read_text())
    sections = dict(zip(map(int, parts[1::2]), parts[2::2], strict=True))
    newest = max(sections)
    if version > newest:
        raise ConfigError(
            f"the {what} was written by a newer voicectl "
            f"(schema {version}, this one knows up to {newest})",
            hint="install that version again; nothing was changed",
        )
    return [text for number, text in sorted(sections.items()) if number > version]
