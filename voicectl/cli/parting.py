"""What becomes of a recording when its text is written: kept, moved or deleted.

Nothing is ever overwritten, and nothing is lost by a kill at any moment. The
recording is put aside first, into a hidden folder beside it, where no name
leads to it any more: whatever comes under its name then is another one. There
its content is compared with that of which the text was made. What lies aside
after a kill is put back by the next watcher.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from voicectl.cli.arrivals import Look, look_at
from voicectl.errors import RecordingError

ASIDE = ".voicectl-aside-"
"""Begins the name of a folder that holds one recording for a moment."""


NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES)
"""What file systems say that do not know two names of one file."""


CHANGED = "it has changed since it was taken, and stays"


class Stays(RecordingError):
    """A recording is left where it is, for good."""


@dataclass(frozen=True, slots=True)
class Parting:
    """What a person wants to become of recordings."""

    folder: Path
    """From which they come; folders inside it are kept apart where they go, too."""
    move_to: Path | None = None
    delete: bool = False
    failed_to: Path | None = None

    def from_done(self, path: Path, look: Look, sha256: str, files: Iterable[Path] = ()) -> str:
        """Part from a recording whose text is in `files`; return what was done, if anything.

        Raises `Stays` when it is not what it was, `RecordingError` when it cannot be done now.
        """
        if self.move_to is None and not self.delete:
            return ""
        with self._aside(path, look) as aside:
            if _digest(aside) != sha256:
                raise Stays(CHANGED)
            for folder in {file.parent for file in files}:
                with suppress(FileNotFoundError):  # somebody took the text away
                    _settle(folder)
            if self.move_to is not None:
                return self._move(aside, path, self.move_to)
            aside.unlink()
            return "deleted"

    def from_failed(self, path: Path, look: Look) -> str:
        """Part from a recording that cannot be used; as `from_done`."""
        if self.failed_to is None:
            return ""
        with self._aside(path, look) as aside:
            return self._move(aside, path, self.failed_to)

    def put_back(self) -> Iterator[Path]:
        """Put back what a watcher that was killed has left aside; yield where it is now."""
        for aside in self.folder.rglob(f"{ASIDE}*/*"):
            with suppress(OSError):  # another watcher is at it
                yield move(aside, aside.parent.parent / aside.name)
                aside.parent.rmdir()

    def _move(self, aside: Path, path: Path, where: Path) -> str:
        """Move it; return what was done, without its name, which not everybody may read."""
        if not where.is_dir():  # made when watching began; a disk that is away is not replaced
            raise FileNotFoundError(errno.ENOENT, f"the folder {where} is not there")
        place = move(aside, where / path.relative_to(self.folder))
        return f"moved to {place.parent}"

    @contextmanager
    def _aside(self, path: Path, look: Look) -> Iterator[Path]:
        if path.is_symlink():
            raise Stays("it is a link, and stays")
        now = look_at(path)
        if now != look:
            raise Stays(CHANGED if now else "it is gone")
        folder = path.with_name(f"{ASIDE}{secrets.token_hex(4)}")
        aside = folder / path.name
        try:
            folder.mkdir(mode=0o700)
            try:
                path.rename(aside)
                yield aside
            finally:
                if aside.exists():
                    move(aside, path)
                folder.rmdir()
        except OSError as error:
            reason = f"{error.strerror}; it is tried again every minute"
            raise RecordingError(f"it stays where it is: {reason}") from error


def move(source: Path, target: Path) -> Path:
    """Move a file, also to another file system; return where it is.

    A name that is taken is never taken from its owner: `a.wav` becomes `a-2.wav`, unless
    the very same content is there. Raises `OSError`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        place = target if number == 1 else target.with_stem(f"{target.stem}-{number}")
        try:
            _put(source, place)
        except FileExistsError:
            if not _same(source, place):
                continue
        _settle(place.parent)
        source.unlink(missing_ok=True)
        return place
    raise AssertionError("one of all numbers is free")


def _put(source: Path, place: Path) -> None:
    """Let a file, or a copy of it, be at `place`. Raises `FileExistsError` when one is there."""
    try:
        _name(source, place)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        draft = place.with_name(f".voicectl-{secrets.token_hex(8)}.tmp")
        try:
            _copy(source, draft)
            _name(draft, place)
        finally:
            draft.unlink(missing_ok=True)


def _name(source: Path, place: Path) -> None:
    """Give a file another name, and with luck keep the one it has until then."""
    try:
        place.hardlink_to(source)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # Renaming replaces what is there: so there is an empty file of our own.
        os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            source.rename(place)
        except BaseException:
            place.unlink(missing_ok=True)
            raise


def _copy(source: Path, draft: Path) -> None:
    with source.open("rb") as content, draft.open("xb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    with suppress(OSError):  # some network folders have no such rights
        shutil.copystat(source, draft)


def _settle(folder: Path) -> None:
    """Have the names in a folder on disk before another one is given up."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network folders know no such thing
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and _digest(one) == _digest(other)
    except OSError:
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
