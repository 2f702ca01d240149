"""Writes the files that a job's owner wants, from what the store knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from voicectl.cli.outcome import Written
from voicectl.errors import UsageError
from voicectl.types import CallRecord, Outputs, Task

if TYPE_CHECKING:
    from voicectl.client import Door

UPLOADED = "upload:"
"""Begins the path of a recording that was sent through the door."""


class Writer:
    """Writes the files of several recordings. The daemon decides who owns which path."""

    def __init__(self, door: Door, outputs: Outputs, places: Mapping[str, tuple[str, str]]) -> None:
        """`places`: name and path of each recording, by what it is called in `write`."""
        self._door = door
        self._outputs = outputs
        self._names = _names(places)
        self._style = style(outputs)

    @property
    def wanted(self) -> bool:
        """True when there is anything to write."""
        return bool(self._outputs.folder and self._outputs.formats)

    def write(self, recording: str, record: CallRecord) -> tuple[Written, ...]:
        """Write every format of one recording; leave a file that is the same already.

        Raises the `VoicectlError` of the first that cannot be written.
        """
        if not self.wanted:
            return ()
        formats = self._outputs.formats
        wanted = [self._candidates(fmt, recording, record) for fmt in formats]
        paths = self._door.claim_files(record.id, wanted)
        return tuple(self._one(fmt, path, record) for fmt, path in zip(formats, paths, strict=True))

    def _candidates(self, fmt: str, recording: str, record: CallRecord) -> list[Path]:
        from voicectl.render import files

        name, stem = self._names[recording]
        folder = Path(self._outputs.folder)
        exact, others = folder / f"{stem}.{fmt}", files.candidates(folder, name, fmt, record.id)
        # A stem that was made longer to tell namesakes apart must not become short again.
        return others if exact == others[0] else [exact, others[-1]]

    def _one(self, fmt: str, path: Path, record: CallRecord) -> Written:
        from voicectl.registry import FORMATS, load
        from voicectl.render import files

        content = load(FORMATS, fmt)(record, self._style)
        new = not _holds(path, content)
        if new:
            files.write(path, content)
        return Written(str(path), fmt, new)


def places(tasks: Sequence[Task]) -> dict[str, tuple[str, str]]:
    """Return name and path of the recordings of a job, by task."""
    return {
        # What was sent has no folder; its place in the job tells it from its namesakes.
        task.id: (task.name, f"{task.seq}/{task.name}")
        if task.path.startswith(UPLOADED)
        else (task.name, task.path)
        for task in tasks
    }


def _names(places: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return name and stem of each recording; no two places have one stem."""
    from voicectl.render import files

    stems = files.distinct([path for _, path in places.values()])
    return {
        recording: (name, stem)
        for (recording, (name, _)), stem in zip(places.items(), stems, strict=True)
    }


def style(outputs: Outputs) -> object:
    """Return how the files are to look. Raises `UsageError`."""
    import msgspec

    from voicectl.render import Style

    try:
        return msgspec.convert(outputs.options or {}, Style)
    except msgspec.ValidationError as error:
        raise UsageError(f"the files cannot look like that: {error}") from error


def _holds(path: Path, content: str) -> bool:
    try:
        return path.read_bytes() == content.encode(errors="replace")
    except OSError:
        return False
