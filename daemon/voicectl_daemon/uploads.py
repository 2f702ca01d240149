"""Recordings that came through the door: where they lie, and when they go."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from voicectl.errors import NotFound
from voicectl_daemon import ids
from voicectl_daemon.traces import UPLOAD, Traces

ORPHAN_SECONDS = 24 * 3600.0
"""How old an upload may become that no task names."""
RETRY_SECONDS = 7 * 24 * 3600.0
"""How long the upload of a task that did not succeed is kept, so that it can be tried again."""
_ID = re.compile(r"[0-9a-z]{16}")


class Uploads:
    """The folder of what came through the door."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def fresh(self) -> str:
        """Return a new id."""
        return ids.fresh(16)

    def file(self, upload: str) -> Path:
        """Return where an upload lies. Raises `NotFound` for what is no id."""
        if not _ID.fullmatch(upload):
            raise NotFound(f"there is no upload '{upload}'")
        return self.folder / upload

    def place(self, source: str) -> str:
        """Return the path of a recording as it was asked for, `upload:ID` resolved.

        Raises `NotFound`.
        """
        if not source.startswith(UPLOAD):
            return source
        path = self.file(source.removeprefix(UPLOAD))
        if not path.is_file():
            raise NotFound(f"there is no upload '{path.name}'", hint="send the recording again")
        return str(path)

    def tidy(self, traces: Traces) -> None:
        """Remove what nobody will ask for again."""
        now = time.time()
        needed = traces.uploads_needed(now - RETRY_SECONDS)
        for entry in os.scandir(self.folder):
            with contextlib.suppress(FileNotFoundError):
                if entry.name not in needed and entry.stat().st_mtime < now - ORPHAN_SECONDS:
                    Path(entry.path).unlink()
