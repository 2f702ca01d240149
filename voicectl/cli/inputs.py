"""What a person means by the recordings they name: files, folders, patterns, stdin."""

from __future__ import annotations

import errno
import glob
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from voicectl.cli.values import absolute
from voicectl.errors import NotFound, RecordingError, UsageError, VoicectlError

STDIN = "-"

_RECORDERS = """
    aac aif aifc aiff amr ape au awb caf flac m4a m4b mka mp2 mp3 oga ogg opus snd tta voc
    w64 wav wave wma wv
"""
_ASTERISK = """
    al alaw g722 g723 g729 gsm ilbc pcm raw siren7 siren14 slin sln sln8 sln12 sln16 sln24
    sln32 sln44 sln48 sln96 sln192 speex spx ul ulaw wav16 wav49
"""
_FILMS = "3g2 3gp avi flv m4v mkv mov mp4 mpeg mpg ts webm wmv"
SUFFIXES = frozenset((_RECORDERS + _ASTERISK + _FILMS).split())
"""Endings of file names, in lower case, that count as recordings when a folder is read."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording to be worked on."""

    path: Path | None
    """Absolute; None for stdin."""
    name: str
    """What people call it; any file name becomes text that can be sent."""


@dataclass(slots=True)
class Found:
    """What the arguments came to."""

    recordings: dict[Path | None, Recording] = field(default_factory=dict)
    """By path, each once, in the order of the arguments."""
    missing: dict[str, VoicectlError] = field(default_factory=dict)
    """What cannot be used, as it was named, and why."""
    notes: list[str] = field(default_factory=list)


def collect(arguments: Sequence[str], *, recursive: bool) -> Found:
    """Return the recordings that `arguments` name.

    Raises the first error when nothing but errors was found, and `UsageError` for an empty name.
    """
    found = Found()
    for argument in arguments:
        if not argument:  # it would be this folder, whole
            raise UsageError("one of the recordings has no name", hint="is a variable empty?")
        if argument == STDIN:
            found.recordings[None] = Recording(None, "stdin")
            continue
        path = absolute(argument)
        if path.is_dir():
            _take_folder(found, path, recursive)
        elif not os.path.lexists(path) and glob.has_magic(argument):
            _take_pattern(found, argument)
        else:
            _take(found, path, argument)
    if found.missing and not found.recordings:
        raise next(iter(found.missing.values()))
    return found


def is_called_a_recording(name: str) -> bool:
    """Return whether a file in a folder counts as a recording, going by its name."""
    return not name.startswith(".") and PurePath(name).suffix[1:].lower() in SUFFIXES


def sendable(path: Path) -> str:
    """Return the name of a file as text that can be sent, whatever its bytes are."""
    return os.fsencode(path.name).decode(errors="replace")


def can_be_sent(path: Path) -> bool:
    """Return whether the path is text; the daemon cannot be told of a name of other bytes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _take(found: Found, path: Path, shown: str) -> None:
    """Take one file, or the reason why it cannot be used."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        found.missing[shown] = NotFound(f"there is no file or folder '{shown}'")
        return
    except OSError as error:
        found.missing[shown] = _unreadable(shown, error.strerror)
        return
    if not stat.S_ISREG(mode):
        found.notes.append(f"'{shown}' is no regular file: left out")
    elif not os.access(path, os.R_OK):
        found.missing[shown] = _unreadable(shown, os.strerror(errno.EACCES))
    else:
        found.recordings[path] = Recording(path, sendable(path))


def _unreadable(shown: str, reason: str | None) -> RecordingError:
    return RecordingError(f"'{shown}' cannot be read: {reason}")


def _take_pattern(found: Found, pattern: str) -> None:
    """Expand a pattern that the shell left alone."""
    matches = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207, Path's takes none from `/`
    matches = [match for match in matches if not Path(match).is_dir()]
    for match in matches:
        _take(found, absolute(match), match)
    if not matches:
        found.missing[pattern] = NotFound(f"no file matches '{pattern}'")


def _take_folder(found: Found, folder: Path, recursive: bool) -> None:
    """Take what looks like a recording, sorted; hidden files and linked folders are not read."""

    def refused(error: OSError) -> None:
        shown = str(error.filename)
        found.missing[shown] = RecordingError(
            f"the folder '{shown}' cannot be read: {error.strerror}"
        )

    before = len(found.recordings) + len(found.missing)
    for here, inner, files in os.walk(folder, onerror=refused):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(files):
            if is_called_a_recording(name):
                _take(found, Path(here, name), str(Path(here, name)))
        if inner and not recursive:
            found.notes.append(f"folders inside '{folder}' are left out: add -r to read them")
            inner.clear()
    if len(found.recordings) + len(found.missing) == before:
        found.notes.append(f"there are no recordings in the folder '{folder}'")
