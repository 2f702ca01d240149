"""Writes the files that a job's owner wants, from what the store knows."""

from __future__ import annotations

from collections.abc import Sequence
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
    """Writes the files of one job. The daemon decides who owns which path."""

    def __init__(self, door: Door, outputs: Outputs, tasks: Sequence[Task]) -> None:
        self._door = door
        self._outputs = outputs
        self._names = dict(zip((task.id for task in tasks), _names(tasks), strict=True))
        self._style = _style(outputs)

    @property
    def wanted(self) -> bool:
        """True when there is anything to write."""
        return bool(self._outputs.folder and self._outputs.formats)

    def write(self, task: str, record: CallRecord) -> tuple[Written, ...]:
        """Write every format of one recording; leave a file that is the same already.

        Raises the `VoicectlError` of the first that cannot be written.
        """
        if not self.wanted:
            return ()
        formats = self._outputs.formats
        wanted = [self._candidates(fmt, task, record) for fmt in formats]
        paths = self._door.claim_files(record.id, wanted)
        return tuple(self._one(fmt, path, record) for fmt, path in zip(formats, paths, strict=True))

    def _candidates(self, fmt: str, task: str, record: CallRecord) -> list[Path]:
        from voicectl.render import files

        name, stem = self._names[task]
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


def _names(tasks: Sequence[Task]) -> list[tuple[str, str]]:
    """Return name and stem for each recording; no two of the job have one stem."""
    from voicectl.render import files

    paths = [
        # What was sent has no folder; its place in the job tells it from its namesakes.
        f"{task.seq}/{task.name}" if task.path.startswith(UPLOADED) else task.path
        for task in tasks
    ]
    return list(zip((task.name for task in tasks), files.distinct(paths), strict=True))


def _style(outputs: Outputs) -> object:
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
