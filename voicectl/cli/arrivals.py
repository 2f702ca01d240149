"""Which recordings have come into a folder, and are whole.

The folder is read again and again: no file system, least of all one of another
machine, tells of everything that happens in it. A recording is whole when its
size and its times have not changed for a while, by a clock that nobody can set.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from voicectl.cli import inputs


class Look(NamedTuple):
    """What a file looked like; one that looks different is taken for another."""

    size: int
    """Bytes."""
    written: int
    """Nanoseconds, by the clock of the file system."""
    changed: int
    """The same, of its name and rights, too: one that was put in its place shows here."""


@dataclass(slots=True)
class _Seen:
    look: Look
    since: float
    """When it first looked so; seconds of the clock."""
    taken: bool = False


class Arrivals:
    """The recordings of one folder, as it was read last."""

    def __init__(
        self,
        folder: Path,
        *,
        recursive: bool = False,
        without: Iterable[Path] = (),
        clock: Callable[[], float] = time.monotonic,
        tell: Callable[[str], None],
    ) -> None:
        """`without`: folders that are not read. `tell` hears what is wrong, once each."""
        self.folder = folder
        self._recursive = recursive
        self._without = set(without)
        self._clock = clock
        self._tell = tell
        self._seen: dict[Path, _Seen] = {}
        self._told: dict[str, str] = {}
        self._disk: int | None = None
        """Where recordings were seen last; an unmounted disk leaves an empty folder of another."""

    def read(self) -> None:
        """Read the folder; what cannot be read now is read next time."""
        here, whole = dict[Path, Look](), True
        for path, found in self._walk(self.folder):
            if isinstance(found, Look):
                here[path] = found
            else:
                whole = False
                self._wrong(path, found)
        now = self._clock()
        for path, look in here.items():
            seen = self._seen.get(path)
            if seen is None or seen.look != look:
                self._seen[path] = _Seen(look, now)
        self._forget(here, whole=whole)

    def whole(self, settle: float) -> list[Path]:
        """Return what was not taken and has not changed for `settle` seconds, oldest first.

        A file without content is one that somebody has just begun to write.
        """
        latest = self._clock() - settle
        found = [
            (seen.look.written, path)
            for path, seen in self._seen.items()
            if not seen.taken and seen.look.size and seen.since <= latest
        ]
        return [path for _, path in sorted(found)]

    @property
    def waiting(self) -> list[Path]:
        """What was not taken yet."""
        return [path for path, seen in self._seen.items() if not seen.taken]

    def take(self, path: Path) -> Look:
        """Take a recording: it does not come again as long as it looks the same."""
        self._seen[path].taken = True
        return self._seen[path].look

    def give_back(self, path: Path) -> None:
        """Let a recording come again, when it has looked the same for a while more."""
        if seen := self._seen.get(path):
            seen.taken, seen.since = False, self._clock()

    def keep(self, path: Path) -> None:
        """Take a recording as it is by now: it was put back, which changes its times."""
        if (found := look_at(path)) is not None:
            self._seen[path] = _Seen(found, self._clock(), taken=True)

    def _forget(self, here: dict[Path, Look], *, whole: bool) -> None:
        """Forget what is gone; nothing that was taken while its folder may only be away."""
        disk = _disk(self.folder)
        away = not whole or disk != self._disk
        if here:
            self._disk = disk
        self._seen = {
            path: seen for path, seen in self._seen.items() if path in here or (away and seen.taken)
        }

    def _walk(self, folder: Path) -> Iterator[tuple[Path, Look | OSError]]:
        """Yield every recording, and every folder that cannot be read with the reason."""
        inner = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        inner.append(Path(entry.path))
                    elif inputs.is_called_a_recording(entry.name) and (found := _look(entry)):
                        yield Path(entry.path), found
        except OSError as error:
            yield folder, error
            return
        self._right(folder)
        for path in inner if self._recursive else ():
            if not path.name.startswith(".") and path not in self._without:
                yield from self._walk(path)

    def _wrong(self, folder: Path, error: OSError) -> None:
        reason = error.strerror or type(error).__name__
        if self._told.get(str(folder)) != reason:
            self._told[str(folder)] = reason
            self._tell(f"the folder '{folder}' cannot be read: {reason}; waiting for it")

    def _right(self, folder: Path) -> None:
        if self._told.pop(str(folder), None):
            self._tell(f"the folder '{folder}' can be read again")


def look_at(path: Path) -> Look | None:
    """Return what a file looks like; None when there is no regular file."""
    try:
        return _from(path.stat())
    except OSError:
        return None


def _look(entry: os.DirEntry[str]) -> Look | None:
    try:
        return _from(entry.stat())
    except OSError:  # gone in the meantime, or a link that leads nowhere
        return None


def _from(found: os.stat_result) -> Look | None:
    if not stat.S_ISREG(found.st_mode):
        return None
    return Look(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _disk(folder: Path) -> int | None:
    try:
        return folder.stat().st_dev
    except OSError:
        return None
