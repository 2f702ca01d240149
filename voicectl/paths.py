"""Every path that voicectl uses, in one place.

VOICECTL_HOME     the data folder      default $XDG_DATA_HOME/voicectl, ~/.local/share/voicectl
VOICECTL_CONFIG   the config file      default $XDG_CONFIG_HOME/voicectl/voicectl.toml,
                                       then /etc/voicectl/voicectl.toml
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

LONGEST_SOCKET_PATH = 107
"""Bytes; the kernel refuses a longer path of a Unix socket."""


@dataclass(frozen=True, slots=True)
class Home:
    """The data folder and what lies in it."""

    folder: Path

    @property
    def ledger(self) -> Path:
        """Jobs, tasks, leases and written files: SQLite."""
        return self.folder / "ledger.sqlite"

    @property
    def store(self) -> Path:
        """Calls and what is known of them: DuckDB."""
        return self.folder / "store.duckdb"

    @property
    def bell(self) -> Path:
        """Huey's queue of ids: SQLite."""
        return self.folder / "bell.sqlite"

    @property
    def models(self) -> Path:
        """Weights, one folder a model."""
        return self.folder / "models"

    @property
    def uploads(self) -> Path:
        """Recordings that came through the door."""
        return self.folder / "uploads"

    @property
    def drafts(self) -> Path:
        """What was heard of recordings that are not done yet."""
        return self.folder / "drafts"

    @property
    def recordings(self) -> Path:
        """Of calls that came in on a line."""
        return self.folder / "recordings"

    @property
    def audit(self) -> Path:
        """Every request that left this machine: JSON lines, never words."""
        return self.folder / "audit.jsonl"

    @property
    def errands(self) -> Path:
        """Locks that the runs of schedules hold."""
        return self.folder / "errands"

    @property
    def lock(self) -> Path:
        """Held by the daemon for as long as it lives; contains its PID."""
        return self.folder / "daemon.lock"

    @property
    def log(self) -> Path:
        """What a daemon that was started on demand has to say."""
        return self.folder / "daemon.log"

    @property
    def socket(self) -> Path:
        """The door. Its path may be longer than the kernel takes: see `short`."""
        return self.folder / "door" / "voicectl.sock"


@contextmanager
def short(path: Path) -> Iterator[str]:
    """Yield a name for a Unix socket that the kernel accepts, however long its path is.

    The name holds inside the block. Raises `OSError` when the folder is not there.
    """
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _user_folder(variable: str, fallback: str) -> Path:
    given = os.environ.get(variable)
    return Path(given) if given else Path.home() / fallback


def home() -> Home:
    """Return the data folder this process works with."""
    given = os.environ.get("VOICECTL_HOME")
    folder = Path(given) if given else _user_folder("XDG_DATA_HOME", ".local/share") / "voicectl"
    return Home(folder.expanduser().absolute())


def config_file() -> Path | None:
    """Return the config file, or None when the site has none."""
    given = os.environ.get("VOICECTL_CONFIG")
    if given:
        return Path(given).expanduser().absolute()
    usual = (folder / "voicectl.toml" for folder in _config_folders())
    return next((path for path in usual if path.is_file()), None)


def site_folder() -> Path:
    """Return where recipes and the like of a site without a config file lie, there or not."""
    first, *others = _config_folders()
    return next((folder for folder in (first, *others) if folder.is_dir()), first)


def _config_folders() -> tuple[Path, ...]:
    return _user_folder("XDG_CONFIG_HOME", ".config") / "voicectl", Path("/etc/voicectl")
