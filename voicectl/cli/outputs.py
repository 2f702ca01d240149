"""Writes the files that a job's owner wants, from what the store knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from voicectl.cli.outcome import Written
from voicectl.errors import UsageError, VoicectlError, from_wire
from voicectl.results import FileWish, GivenResult, ResultWish
from voicectl.types import CallRecord, Outputs, Task

if TYPE_CHECKING:
    from voicectl.client import Door

UPLOADED = "upload:"
"""Begins the path of a recording that was sent through the door."""
AT_ONCE = 20
"""Results that are fetched together; an hour of speech takes a few MB."""


@dataclass(slots=True)
class Kept:
    """What became of one result that was to be written."""

    recording: str
    record: CallRecord | None
    files: list[Written] = field(default_factory=list)
    error: VoicectlError | None = None
    """Why it, or one of its files, is not there."""


class Writer:
    """Writes the files of several recordings. The daemon decides who owns which path."""

    def __init__(self, door: Door, outputs: Outputs, places: Mapping[str, tuple[str, str]]) -> None:
        """`places`: name and path of each recording, by what it is called in `write`."""
        self._door = door
        self._outputs = outputs
        self._names = _names(places)
        self._style = style(outputs)
        self._formats = outputs.formats if outputs.folder else ()

    def write(self, results: Mapping[str, tuple[str, str | None]]) -> Iterator[Kept]:
        """Fetch results and write every format of them; leave a file that is the same already.

        `results`: id of the call and key of the result, by what the recording is called.
        """
        waiting = iter(results.items())
        while some := list(islice(waiting, AT_ONCE)):
            wanted = [
                ResultWish(call, key, self._wishes(recording, call))
                for recording, (call, key) in some
            ]
            for (recording, _), given in zip(some, self._door.results(wanted), strict=True):
                yield self._keep(recording, given)

    def _keep(self, recording: str, given: GivenResult) -> Kept:
        kept, problem = Kept(recording, given.record), given.problem
        try:
            if problem:
                raise from_wire(problem.code, problem.text, problem.hint)
            if given.record is not None:
                formats = zip(self._formats, given.files, strict=True)
                kept.files = [self._one(fmt, Path(path), given.record) for fmt, path in formats]
        except VoicectlError as error:
            kept.error = error
        return kept

    def _wishes(self, recording: str, call: str) -> tuple[FileWish, ...]:
        every = [self._candidates(fmt, recording, call) for fmt in self._formats]
        return tuple(
            FileWish(tuple(map(str, paths)), tuple(str(path) for path in paths if path.exists()))
            for paths in every
        )

    def _candidates(self, fmt: str, recording: str, call: str) -> list[Path]:
        from voicectl.render import files

        name, stem = self._names[recording]
        folder = Path(self._outputs.folder)
        exact, others = folder / f"{stem}.{fmt}", files.candidates(folder, name, fmt, call)
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
