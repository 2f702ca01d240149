"""Writes the files that a job's owner wants, from what the store knows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from voicectl import beeps
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
CLOCK_SECONDS = 2.0
"""How exactly the coarsest file systems note times."""


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
        self._texts = [fmt for fmt in self._formats if fmt not in beeps.FORMATS]

    def write(self, results: Mapping[str, tuple[str, str | None]]) -> Iterator[Kept]:
        """Fetch results and write every format of them; leave a file that is the same already.

        `results`: id of the call and key of the result, by what the recording is called.
        """
        waiting = iter(results.items())
        while some := list(islice(waiting, AT_ONCE)):
            wanted = [
                ResultWish(call, key, self._wishes(recording, call, self._formats))
                for recording, (call, key) in some
            ]
            for (recording, (call, key)), given in zip(
                some, self._door.results(wanted), strict=True
            ):
                kept = self._keep(recording, given, key)
                self._translate(kept, call, key)
                yield kept

    def _translate(self, kept: Kept, call: str, key: str | None) -> None:
        """Write the files of a translation, too: whether there is one is known only now."""
        from voicectl.render import translations

        if kept.record is None or kept.error is not None:
            return
        further = list(translations.files(kept.record, self._texts))
        if not further:
            return
        wishes = self._wishes(kept.recording, call, [ending for _, ending, _ in further])
        (given,) = self._door.results([ResultWish(call, key, wishes)])
        try:
            for (fmt, _, record), path in zip(further, given.files, strict=True):
                kept.files.append(self._one(fmt, Path(path), record))
        except VoicectlError as error:
            kept.error = error

    def _keep(self, recording: str, given: GivenResult, key: str | None) -> Kept:
        kept, problem = Kept(recording, given.record), given.problem
        try:
            if problem:
                raise from_wire(problem.code, problem.text, problem.hint)
            if given.record is not None:
                for fmt, path in zip(self._formats, given.files, strict=True):
                    heard = fmt in beeps.FORMATS
                    kept.files.append(
                        self._copy(fmt, Path(path), given.record, key)
                        if heard
                        else self._one(fmt, Path(path), given.record)
                    )
        except VoicectlError as error:
            kept.error = error
        return kept

    def _wishes(self, recording: str, call: str, endings: Sequence[str]) -> tuple[FileWish, ...]:
        every = [self._candidates(ending, recording, call) for ending in endings]
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

    def _copy(self, fmt: str, path: Path, record: CallRecord, key: str | None) -> Written:
        """Write a copy of the recording in which nothing is heard of what was masked."""
        from voicectl.render import files

        # The time of a copy is that of its result: one of another result may hide less.
        masked_at = max((done.at.timestamp() for done in record.done), default=0.0)
        new = not (path.is_file() and abs(path.stat().st_mtime - masked_at) < CLOCK_SECONDS)
        if new:
            form = PurePath(fmt).suffix.removeprefix(".")
            files.write_blocks(path, self._door.masked_recording(record.id, key, form))
            os.utime(path, (masked_at, masked_at))
        return Written(str(path), fmt, new)

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

    from voicectl import parse
    from voicectl.render import Style

    try:
        return parse.plain(outputs.options or {}, Style)
    except msgspec.ValidationError as error:
        raise UsageError(f"the files cannot look like that: {error}") from error


def _holds(path: Path, content: str) -> bool:
    try:
        return path.read_bytes() == content.encode(errors="replace")
    except OSError:
        return False
