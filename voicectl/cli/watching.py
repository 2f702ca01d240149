"""Has every recording that comes into a folder done, and sees to what becomes of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from voicectl.cli import inputs, show, submit
from voicectl.cli.arrivals import Arrivals, Look, look_at
from voicectl.cli.door import open_door
from voicectl.cli.outcome import Outcome, Result, problem_of
from voicectl.cli.outputs import Kept, Writer
from voicectl.cli.parting import Parting, Stays
from voicectl.cli.progress import Story
from voicectl.errors import DaemonUnreachable, DaemonVersion, DiskFull, NotFound, VoicectlError
from voicectl.types import Ask, Problem, Task, TaskState

if TYPE_CHECKING:
    from voicectl.client import Door

TOGETHER = 100
"""Recordings of one job: how far it is, is asked for again and again."""
AHEAD = 200
"""Recordings that wait in the daemon; the others wait in their folder."""
PAUSES = 10.0
"""How many times longer than reading a large folder takes it is left in peace."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a watcher is; seconds."""

    settle: float = 10.0
    """How long a recording must not change before it is taken."""
    poll: float = 2.0
    """How often the folder is read."""
    again: float = 60.0
    """When something is tried once more that was in the way of a recording."""


@dataclass(frozen=True, slots=True)
class _Taken:
    path: Path
    name: str
    """As the daemon shows it: a site may want numbers out of it."""
    look: Look
    sha256: str = ""
    """Of what the text was made of; empty when there is no text."""
    files: tuple[Path, ...] = ()
    """That text."""


@dataclass(slots=True)
class _Batch:
    job: str
    at_work: dict[str, _Taken]
    """By task."""


@dataclass(slots=True)
class _Owed:
    """What has to become of recordings, and did not yet."""

    taken: list[_Taken] = field(default_factory=list)
    due: float = 0.0


class Watcher:
    """Watches one folder."""

    def __init__(
        self, arrivals: Arrivals, ask: Ask, parting: Parting, pace: Pace, story: Story
    ) -> None:
        self._arrivals = arrivals
        self._ask = ask
        self._parting = parting
        self._pace = pace
        self._story = story
        self._clock: Callable[[], float] = time.monotonic
        self._batches: list[_Batch] = []
        self._owed = _Owed()
        self._once = False
        """Whether it leaves when what is there now is done."""
        self._later: dict[Path, float] = {}
        """When a recording may be taken again that something was in the way of; they stay here."""
        self._alone: float | None = None
        """Since when the daemon cannot be reached, or has no room."""
        self._ended: list[Result] = []
        """What came to its end, and nobody was told of yet."""

    def watch(self, *, once: bool) -> Outcome:
        """Go on until Ctrl-C; with `once`, until what is there now is done.

        Raises what stands in the way of every recording, such as a recipe that is broken;
        with `once` also a daemon that cannot be reached, or has no room, for too long.
        """
        ended = Outcome(None)
        begun = self._clock()
        self._once = once
        self._put_back()
        try:
            while True:
                before = self._clock()
                self._arrivals.read()
                took = self._clock() - before
                self._step()
                results, self._ended = self._ended, []
                if once:
                    ended.results += results
                    if self._nothing_left(begun):
                        return ended
                time.sleep(max(self._pace.poll, PAUSES * took))
        except KeyboardInterrupt:
            self._cancel()
            ended.interrupted = True
            return ended

    def _nothing_left(self, begun: float) -> bool:
        if self._batches or self._ready():
            return False
        patience = self._pace.settle + 2 * self._pace.poll
        left = [path for path in self._arrivals.waiting if path not in self._later]
        if left and self._clock() - begun <= patience:
            return False
        for path in left:
            self._story.note(f"{path.name}: somebody still writes it, or it is empty: left out")
        return True

    def _step(self) -> None:
        """Do whatever can be done now."""
        try:
            self._hand_in()
            for batch in list(self._batches):
                self._look_after(batch)
        except DaemonVersion:
            raise
        except (DaemonUnreachable, DiskFull) as error:
            now = self._clock()
            if self._alone is None:
                self._alone = now
                self._story.say(Text.assemble(("waiting  ", "yellow"), show.text(error.text)))
            elif self._once and now - self._alone > self._pace.again:
                raise
            return
        self._alone = None
        self._pay()

    # from the folder to the daemon

    def _ready(self) -> list[Path]:
        now = self._clock()
        whole = self._arrivals.whole(self._pace.settle)
        return [path for path in whole if self._later.get(path, now) <= now]

    def _hand_in(self) -> None:
        while (free := AHEAD - sum(len(batch.at_work) for batch in self._batches)) > 0:
            ready = self._ready()[: min(free, TOGETHER)]
            if not ready:
                break
            self._submit(ready)

    def _submit(self, paths: Sequence[Path]) -> None:
        """Hand in recordings as one job."""
        refused = list[Result]()
        wanted = [inputs.Recording(path, inputs.sendable(path)) for path in paths]
        with open_door() as door:
            taken = submit.sources(door, wanted, refused, self._story)
            if taken:
                job = door.submit(replace(self._ask, sources=tuple(each for _, each in taken)))
                at_work = {
                    task.id: _Taken(path, task.name, self._arrivals.take(path))
                    for (recording, _), task in zip(taken, door.tasks(job.id), strict=True)
                    if (path := recording.path)
                }
                self._batches.append(_Batch(job.id, at_work))
        for path in set(paths) - {recording.path for recording, _ in taken}:
            self._arrivals.take(path)
            if any(result.error and result.error.code == DiskFull.code for result in refused):
                self._take_again(path)
        for result in refused:
            self._fail(result)
        self._ended += refused

    # from the daemon to the files

    def _look_after(self, batch: _Batch) -> None:
        with open_door() as door:
            try:
                tasks = door.tasks(batch.job)
            except NotFound:  # its calls were deleted, and it with them
                self._batches.remove(batch)
                return
            for task in tasks:
                if task.state.final and task.id in batch.at_work:
                    self._ended.append(self._end(door, task, batch.at_work[task.id]))
                    del batch.at_work[task.id]  # not before: the daemon may be lost meanwhile
        if not batch.at_work:
            self._batches.remove(batch)

    def _end(self, door: Door, task: Task, taken: _Taken) -> Result:
        """See to a recording that came to its end; its files are written before it may go."""
        result = Result(
            task.name, str(taken.path), task.state, task.id, task.call, task.seconds, task.skipped
        )
        result.error = task.error
        if task.state.kept and task.call is not None:
            kept = self._write(door, task, taken.path)
            result.files = tuple(kept.files)
            if kept.record is not None:
                files = tuple(Path(file.path) for file in kept.files)
                taken = replace(taken, sha256=kept.record.audio.sha256, files=files)
            if kept.error is not None:
                result.error = problem_of(kept.error)
        self._tell(result)
        if result.good:
            result.error = self._part(taken)
        elif look_at(taken.path) is None:
            self._arrivals.give_back(taken.path)  # its folder may be away, and come back
        elif task.state.good or (result.error and result.error.code == DiskFull.code):
            self._take_again(taken.path)
        elif task.state is not TaskState.CANCELLED:
            self._part(replace(taken, sha256=""))
        return result

    def _write(self, door: Door, task: Task, path: Path) -> Kept:
        """Write the files of one recording, in folders such as it lies in."""
        inner = path.parent.relative_to(self._parting.folder)
        outputs = replace(self._ask.outputs, folder=str(Path(self._ask.outputs.folder, inner)))
        writer = Writer(door, outputs, {task.id: (task.name, task.name)})
        (kept,) = writer.write({task.id: (str(task.call), task.key)})
        return kept

    def _take_again(self, path: Path) -> None:
        self._arrivals.give_back(path)
        # Of many that are tried again and again one is always at work: there would be no end.
        self._later[path] = math.inf if self._once else self._clock() + self._pace.again

    # what becomes of the recordings

    def _part(self, taken: _Taken) -> Problem | None:
        """Keep, move or delete a recording; return why it is owed when it cannot be done now."""
        try:
            if taken.sha256:
                done = self._parting.from_done(taken.path, taken.look, taken.sha256, taken.files)
            else:
                done = self._parting.from_failed(taken.path, taken.look)
        except Stays as stays:
            done = stays.text
        except VoicectlError as error:
            self._owe(taken, error)
            return problem_of(error)
        if done:
            self._story.note(f"{taken.name}: {done}")
        return None

    def _owe(self, taken: _Taken, error: VoicectlError) -> None:
        """Try again later; being put aside and back has changed the times of a file."""
        self._arrivals.keep(taken.path)
        look = look_at(taken.path)
        if look is not None and look[:2] == taken.look[:2]:
            taken = replace(taken, look=look)
        if not self._owed.taken:
            sentence = f"{taken.name}: {error.text}"
            self._story.say(Text.assemble(("warning  ", "yellow"), show.text(sentence)))
            self._owed.due = self._clock() + self._pace.again
        self._owed.taken.append(taken)

    def _pay(self) -> None:
        if not self._owed.taken or self._clock() < self._owed.due:
            return
        owed, self._owed = self._owed, _Owed()
        for taken in owed.taken:
            if look_at(taken.path) is None:
                self._put_back()  # it comes again, like any recording
            else:
                self._part(taken)

    def _put_back(self) -> None:
        for path in self._parting.put_back():
            self._story.note(f"{path.name}: put back, it lay aside")

    # the story

    def _tell(self, result: Result) -> None:
        if not result.good:
            self._fail(result)
        elif not result.skipped or any(file.new for file in result.files):
            length = f"  {show.clock(result.seconds)}" if result.seconds is not None else ""
            self._story.note(f"done    {result.name}{length}")

    def _fail(self, result: Result) -> None:
        why = result.error.text if result.error else str(result.state)
        self._story.fail(result.name, why)

    def _cancel(self) -> None:
        """Cancel what is at work; the next watcher takes it again."""
        for batch in self._batches:
            with suppress(VoicectlError), open_door() as door:
                door.cancel(batch.job)
