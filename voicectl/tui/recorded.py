"""A source that was recorded: shows the monitor without a daemon, the same every time.

Its events are those that `voicectl calls follow --json` prints, one a line.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl.errors import NotAllowed, NotFound, VoicectlError
from voicectl.events import Event, EventKind
from voicectl.feedback import Feedback, FeedbackWish
from voicectl.live import LineStatus, LiveCall
from voicectl.marks import Mark, Marked, MarkKind, MarkWish
from voicectl.results import Hit
from voicectl.tui.board import Board
from voicectl.types import CallRecord, Job, Status, Task


def events(path: Path) -> tuple[Event, ...]:
    """Return the events in a file. Raises `OSError`, `msgspec.DecodeError`."""
    lines = path.read_bytes().splitlines()
    return tuple(parse.json(line, Event) for line in lines)


@dataclass
class Recorded:
    """What a daemon answered, and what happened in its calls."""

    events: tuple[Event, ...]
    answers: Status
    line_states: list[LineStatus] = field(default_factory=list)
    job_list: list[Job] = field(default_factory=list)
    task_list: list[Task] = field(default_factory=list)
    records: dict[str, CallRecord] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    """What was said of calls."""
    given: list[Mark] = field(default_factory=list)
    """What was noted about calls."""
    answers_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    """When marks are kept."""
    may_unmask: bool = True
    unmasked: list[tuple[str, str]] = field(default_factory=list)
    """Calls that may be seen or heard, and how."""
    lost: VoicectlError | None = None
    """Raised by every question while it is set: the daemon is away."""

    def __post_init__(self) -> None:
        """Nobody has heard it, or closed it, yet."""
        self.heard = threading.Event()
        """Set when all that happened was taken."""
        self._told: queue.Queue[Event | None] = queue.Queue()
        """What happens besides; None is the end."""

    def live_news(self) -> Iterator[tuple[Event, ...]]:
        """Yield all of it at once, then what is noted, until it is closed."""
        self._answer()
        yield self.events
        self.heard.set()
        while (event := self._told.get()) is not None:
            yield (event,)

    def happen(self, events: Iterable[Event]) -> None:
        """Let more happen, as if it had been recorded later."""
        new = tuple(events)
        self.events += new
        for event in new:
            self._told.put(event)

    def live(self, *, ended: bool = False) -> list[LiveCall]:
        """Return the calls as they stand after the last event."""
        self._answer()
        board = Board()
        board.take(self.events)
        return [call for call in board.calls() if ended or not call.state.final]

    def lines(self) -> list[LineStatus]:
        """Return the lines as they were."""
        self._answer()
        return self.line_states

    def status(self) -> Status:
        """Return the status as it was."""
        self._answer()
        return self.answers

    def jobs(self, limit: int = 50) -> list[Job]:
        """Return the jobs as they were."""
        self._answer()
        return self.job_list[:limit]

    def tasks(self, job: str) -> list[Task]:
        """Return the tasks of a job as they were."""
        self._answer()
        return [task for task in self.task_list if task.job == job]

    def call(self, call: str, key: str | None = None) -> CallRecord:
        """Return a call of the store. Raises `NotFound`."""
        self._answer()
        if call not in self.records:
            raise NotFound(f"there is no call '{call}'")
        return self.records[call]

    def search(self, text: str, limit: int = 50) -> list[Hit]:
        """Return the hits that contain `text`."""
        self._answer()
        return [hit for hit in self.hits if text.lower() in hit.text.lower()][:limit]

    def give_feedback(self, call: str, wish: FeedbackWish) -> list[Feedback]:
        """Keep a rating. Raises `NotFound`."""
        self.call(call)
        given = Feedback(
            "", call, self.events[-1].at, "recorded", "rating", wish.rating, note=wish.note
        )
        self.feedback.append(given)
        return [given]

    def mark(self, call: str, wish: MarkWish) -> Marked:
        """Keep a mark, and tell of it as a daemon does."""
        self._answer()
        number = str(len(self.given))
        self.given.append(Mark(number, call, self.answers_at, "anna", wish.kind, wish.note))
        self._told.put(self._marked(call))
        hooks = ("crm",) if wish.kind is MarkKind.ESCALATION else ()
        return Marked(self.given[-1], hooks)

    def unmark(self, call: str, mark: str) -> Mark:
        """Take a mark back. Raises `NotFound`."""
        self._answer()
        for each in self.marks(call):
            if each.id == mark:
                self.given.remove(each)
                self._told.put(self._marked(call))
                return each
        raise NotFound(f"the call {call} has no mark '{mark}'")

    def marks(self, call: str | None = None) -> list[Mark]:
        """Return the marks that were kept."""
        self._answer()
        return [mark for mark in self.given if call in (None, mark.call)]

    def unmask(self, call: str, how: str) -> None:
        """Say whether it may be seen or heard. Raises `NotAllowed`."""
        self._answer()
        if not self.may_unmask:
            raise NotAllowed("the account 'anna' may not see calls unmasked")
        self.unmasked.append((call, how))

    def _marked(self, call: str) -> Event:
        marks = [mark for mark in self.given if mark.call == call]
        kinds = list(dict.fromkeys(mark.kind for mark in marks))
        told = {"marked": kinds, "marks": [asdict(mark) for mark in marks]}
        event = Event(EventKind.CALL_MARKED, self.answers_at, "default", call=call, detail=told)
        return parse.json(msgspec.json.encode(event), Event)

    def close(self) -> None:
        """Let whoever waits for news go."""
        self._told.put(None)

    def _answer(self) -> None:
        if self.lost is not None:
            raise self.lost
