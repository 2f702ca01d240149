"""What the monitor asks: the door of a daemon, or a recording of what one said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from voicectl.events import Event
from voicectl.feedback import Feedback, FeedbackWish
from voicectl.live import LineStatus, LiveCall
from voicectl.marks import Mark, Marked, MarkWish
from voicectl.results import Hit
from voicectl.types import CallRecord, Job, Status, Task


class Source(Protocol):
    """The part of `voicectl.client.Door` that the monitor uses.

    Every method raises `VoicectlError`; `DaemonUnreachable` when nobody answers.
    """

    def live_news(self) -> Iterator[tuple[Event, ...]]:
        """Yield what happens in calls; a late joiner is told first what was said so far."""
        ...

    def live(self, *, ended: bool = False) -> list[LiveCall]:
        """Return the calls in progress; with `ended` those just over, too."""
        ...

    def lines(self) -> list[LineStatus]:
        """Return where calls are taken, or why they are not."""
        ...

    def status(self) -> Status:
        """Return how the daemon is."""
        ...

    def jobs(self, limit: int = 50) -> list[Job]:
        """Return the latest jobs, newest first."""
        ...

    def tasks(self, job: str) -> list[Task]:
        """Return the recordings of a job."""
        ...

    def call(self, call: str, key: str | None = None) -> CallRecord:
        """Return one call of the store whole."""
        ...

    def search(self, text: str, limit: int = 50) -> list[Hit]:
        """Return segments that contain `text`."""
        ...

    def give_feedback(self, call: str, wish: FeedbackWish) -> list[Feedback]:
        """Say something about a call of the store."""
        ...

    def mark(self, call: str, wish: MarkWish) -> Marked:
        """Note something about a call, in progress or over."""
        ...

    def unmark(self, call: str, mark: str) -> Mark:
        """Take a mark back."""
        ...

    def marks(self, call: str | None = None) -> list[Mark]:
        """Return what people noted about a call, the latest last."""
        ...

    def unmask(self, call: str, how: str) -> None:
        """Ask whether a call may be shown (`screen`) or played (`sound`) unmasked."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...
