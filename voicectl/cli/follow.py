"""Stays with a job until its end: tells of it, writes its files, survives a lost daemon."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from voicectl.cli.door import look_in, open_door
from voicectl.cli.outcome import Outcome, Result, problem_of
from voicectl.cli.outputs import Writer, places
from voicectl.cli.progress import Story
from voicectl.cli.work import Work
from voicectl.errors import DaemonUnreachable, ExitStatus, VoicectlError
from voicectl.events import Event, EventKind
from voicectl.types import Job

if TYPE_CHECKING:
    from voicectl.client import Door

MOST_LOST = 5
"""How many daemons may be lost in a row without any progress."""
SUCCESSOR_SECONDS = 10.0
"""How long a daemon that was stopped may take to be started again by whoever did that."""


class Stopped(VoicectlError):
    """The daemon was stopped on purpose while its work was watched."""

    exit_status = ExitStatus.NO_DAEMON


class Follower:
    """One client's view of one job."""

    def __init__(self, door: Door, job: Job, story: Story) -> None:
        self._door = door
        self._job = job
        self._story = story
        tasks = door.tasks(job.id)
        self._work = Work(tasks)
        self._writer = Writer(door, job.outputs, places(tasks))
        self._results = {task.id: Result(task.name, task.path, task=task.id) for task in tasks}
        self._ready: dict[str, tuple[str, str | None]] = {}
        """Call and key of what is kept and not written yet, by task."""
        self._treated: set[str] = set()

    def follow(self, *, ours: bool) -> Outcome:
        """Stay until the job is finished or somebody presses Ctrl-C.

        Ctrl-C cancels a job that is `ours`; what is finished by then is kept.
        """
        interrupted = False
        try:
            with self._story:
                self._story.pulse(self._work)
                for together in self._news():
                    for event in together:
                        self._take(event)
                    # If the daemon is lost just now, the end sees to it.
                    with suppress(DaemonUnreachable):
                        self._write()
        except KeyboardInterrupt:
            interrupted = True
            if ours:
                self._story.note("cancelling; what is finished is kept (Ctrl-C again: at once)")
                self._door.cancel(self._job.id)
        self._settle()
        return self._outcome(interrupted)

    def _take(self, event: Event) -> None:
        if not self._work.apply(event, self._story.clock()):
            return
        self._story.tell(event, self._work)
        lane = self._work.lane(event)
        if lane is not None and lane.state.kept:
            self._is_kept(lane.id, event.call, (event.detail or {}).get("key"))

    def _is_kept(self, task: str, call: str | None, key: str | None) -> None:
        """Have the files of a recording written next time, once."""
        if call is not None and task not in self._treated:
            self._ready[task] = (call, key)

    def _write(self) -> None:
        """Write the files of the recordings whose results are kept. Raises `DaemonUnreachable`."""
        ready, self._ready = self._ready, {}
        for kept in self._writer.write(ready):
            result = self._results[kept.recording]
            result.files = tuple(kept.files)
            if kept.record is not None:
                result.warnings = kept.record.audio.warnings
                if transcript := kept.record.transcript:
                    result.language, result.model = transcript.language, transcript.model
            if kept.error:
                result.error = problem_of(kept.error)
                self._story.fail(result.name, kept.error.text)
            self._treated.add(kept.recording)

    def _settle(self) -> None:
        """Let the ledger have the last word on every recording, whatever events were missed."""
        tasks = self._door.tasks(self._job.id)
        for task in tasks:
            if task.state.kept:
                self._is_kept(task.id, task.call, task.key)
        self._write()
        for task in tasks:
            result = self._results[task.id]
            result.state, result.skipped = task.state, task.skipped
            result.call, result.seconds = task.call, task.seconds
            result.took = self._work.lanes[task.id].took
            result.error = result.error or task.error

    def _outcome(self, interrupted: bool) -> Outcome:
        work = self._work
        wall = self._story.clock() - work.began if work.began is not None else 0.0
        # What a lost worker had to do twice counts once.
        worked = min(work.gained, work.seconds)
        results = list(self._results.values())
        told = frozenset(self._story.failures)
        return Outcome(self._job.id, results, wall, worked, interrupted, told)

    def _news(self) -> Iterator[tuple[Event, ...]]:
        """Yield the job's events, as often as it takes to see its end."""
        lost = 0
        while not self._work.finished:
            try:
                for together in self._door.news(self._job.id):
                    if any(event.kind is EventKind.TASK_PROGRESS for event in together):
                        lost = 0
                    yield together
                if not self._work.finished:
                    self._wait_for_successor()
            except DaemonUnreachable:
                if lost == MOST_LOST:
                    raise
                lost += 1
                self._story.note("the daemon was lost; another one goes on")
                open_door().close()

    def _wait_for_successor(self) -> None:
        """Wait until a daemon answers after one has left on purpose; do not start one."""
        end = time.monotonic() + SUCCESSOR_SECONDS
        while time.monotonic() < end:
            time.sleep(0.3)
            with suppress(DaemonUnreachable):
                look_in().status()
                return
        raise Stopped(
            "the daemon was stopped; what is left waits for the next one",
            hint=f"go on with: voicectl jobs watch {self._job.id}",
        )
