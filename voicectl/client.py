"""The only way to the daemon: its door, and the key to start it when nobody answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import BinaryIO, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from voicectl import news as daemon_news
from voicectl import parse
from voicectl.asking import Asking, Who, at
from voicectl.audit import Request, Reveal
from voicectl.errors import (
    DaemonUnreachable,
)
from voicectl.events import Event
from voicectl.feedback import Example, Feedback, FeedbackWish
from voicectl.live import LineStatus, LiveCall, LiveView
from voicectl.marks import Mark, Marked, MarkWish
from voicectl.meaning import Indexed, Near, Similar
from voicectl.reporting import Report, ReportWish
from voicectl.results import (
    CallLine,
    DeadEvent,
    Deleted,
    GivenResult,
    Hit,
    Pinged,
    RecipeLine,
    RecipeWish,
    Reloaded,
    ResultWish,
    ScheduleLine,
    Table,
    WebhookLine,
)
from voicectl.selection import Found, Which
from voicectl.start import problem
from voicectl.types import Ask, CallRecord, Job, Status, Task

T = TypeVar("T")

MOST_SAID = 100_000
"""Things that people said of calls, and calls of which they did."""


class Door(Asking):
    """A connection to the daemon of one data folder.

    Every method raises the `VoicectlError` that the daemon raised, as the same class.
    """

    # the daemon

    def status(self) -> Status:
        """Return how the daemon is."""
        return self._get("/v1/status", Status)

    def stop(self) -> None:
        """Ask the daemon to leave; what it was doing goes back to the queue."""
        self._once("POST", "/v1/stop")

    def reload(self) -> Reloaded:
        """Have the daemon read the config anew. Raises `ConfigError` for one with a mistake."""
        return self._post("/v1/reload", None, Reloaded)

    def audit(self, limit: int) -> list[Request]:
        """Return the requests that left this machine, the latest first."""
        return self._get("/v1/audit", list[Request], limit=limit)

    def reveals(self, limit: int) -> list[Reveal]:
        """Return who was given originals of masked calls, the latest first."""
        return self._get("/v1/audit/reveals", list[Reveal], limit=limit)

    # recipes

    def recipes(self) -> list[RecipeLine]:
        """Return all recipes by name."""
        return self._get("/v1/recipes", list[RecipeLine])

    def recipe(self, name: str) -> str:
        """Return a recipe as it is written."""
        return self._get(at("recipes", name), str)

    def check(self, wish: RecipeWish) -> RecipeLine:
        """Return whether a recipe can be used; nothing is done."""
        return self._post("/v1/recipes/check", wish, RecipeLine)

    # schedules

    def schedules(self) -> list[ScheduleLine]:
        """Return the schedules of the config, in its order."""
        return self._get("/v1/schedules", list[ScheduleLine])

    def run_schedule(self, name: str) -> ScheduleLine:
        """Run a schedule now, whatever its times are."""
        return self._post(at("schedules", name, "run"), None, ScheduleLine)

    # webhooks

    def webhooks(self) -> list[WebhookLine]:
        """Return the webhooks of the config, in its order."""
        return self._get("/v1/webhooks", list[WebhookLine])

    def dead_events(self, webhook: str | None, limit: int) -> list[DeadEvent]:
        """Return events that webhooks could not be told, the latest first."""
        chosen = {"webhook": webhook} if webhook else {}
        return self._get("/v1/webhooks/dead", list[DeadEvent], limit=limit, **chosen)

    def retry_webhook(self, name: str, event: str | None) -> int:
        """Send dead events of a webhook again; return how many."""
        chosen = {"event": event} if event else {}
        path = at("webhooks", name, "retry")
        return parse.json(self._ask("POST", path, params=chosen).content, int)

    def test_webhook(self, name: str) -> Pinged:
        """Send a webhook a ping, and wait for what becomes of it."""
        return self._post(at("webhooks", name, "test"), None, Pinged)

    # jobs

    def submit(self, ask: Ask) -> Job:
        """Hand in work and return the job that will do it."""
        return self._post("/v1/jobs", ask, Job)

    def upload(self, content: BinaryIO, name: str) -> str:
        """Send a recording that the daemon cannot read itself; return its `upload:ID` path."""
        blocks: Iterable[bytes] = iter(lambda: content.read(1 << 20), b"")
        answer = self._ask("POST", "/v1/uploads", params={"name": name}, content=blocks)
        return parse.json(answer.content, str)

    def unreadable(self, paths: Sequence[str]) -> list[str]:
        """Return those of the paths that the daemon may not read."""
        return self._post("/v1/unreadable", list(paths), list[str])

    def jobs(self, limit: int = 50) -> list[Job]:
        """Return the latest jobs, newest first."""
        return self._get("/v1/jobs", list[Job], limit=limit)

    def job(self, job: str) -> Job:
        """Return one job; the beginning of its id is enough when it is unique."""
        return self._get(at("jobs", job), Job)

    def tasks(self, job: str) -> list[Task]:
        """Return the recordings of a job, in the order in which they were asked for."""
        return self._get(at("jobs", job, "tasks"), list[Task])

    def cancel(self, job: str) -> Job:
        """Cancel what is not finished yet; finished recordings stay finished."""
        return self._post(at("jobs", job, "cancel"), None, Job)

    def retry(self, job: str, stage: str | None = None) -> Job:
        """Queue the recordings of a job that failed, died or were cancelled once more.

        They go on where they stopped; with `stage` all of them begin again at that step.
        """
        asked = f"?from={quote(stage)}" if stage is not None else ""
        return self._post(at("jobs", job, "retry") + asked, None, Job)

    def events(self, job: str | None = None) -> Iterator[Event]:
        """Yield events as they happen; see `news`."""
        for together in self.news(job):
            yield from together

    def news(self, job: str | None = None) -> Iterator[tuple[Event, ...]]:
        """Yield events as they happen, those together that have come since the last were taken.

        First come those that bring a late joiner up to date. With `job`, the stream
        ends after that job's `job.finished`. It ends before that when the daemon
        leaves on purpose, or when this listener was too slow for it.
        """
        asked = f"?job={quote(job)}" if job else ""
        yield from daemon_news.of(
            self.home, "/v1/events" + asked, "voicectl jobs watch " + (job or "ID")
        )

    def live_news(self, call: str | None = None) -> Iterator[tuple[Event, ...]]:
        """Yield what happens in calls in progress, or in one of them, as `news` does.

        It ends when the daemon leaves.
        """
        asked = f"?call={quote(call)}" if call else ""
        yield from daemon_news.of(self.home, "/v1/live/events" + asked, "voicectl calls live")

    # calls

    def live(self, *, ended: bool = False) -> list[LiveCall]:
        """Return the calls in progress, the oldest first; with `ended` those just over, too."""
        return self._get("/v1/live", list[LiveCall], ended=str(ended).lower())

    def lines(self) -> list[LineStatus]:
        """Return where calls are taken, or why they are not."""
        return self._get("/v1/lines", list[LineStatus])

    def live_call(self, call: str) -> LiveView:
        """Return one call in progress, or one that has just ended, with what was said."""
        return self._get(at("live", call), LiveView)

    def calls(self, limit: int = 50, offset: int = 0) -> list[CallLine]:
        """Return calls, newest first."""
        return self._get("/v1/calls", list[CallLine], limit=limit, offset=offset)

    def call(self, call: str, key: str | None = None) -> CallRecord:
        """Return one call whole; the beginning of its id is enough when it is unique.

        With `key`, a task's own, its transcript is that very result, else the latest.
        """
        return self._get(at("calls", call), CallRecord, **({"key": key} if key else {}))

    def search(self, text: str, limit: int = 50) -> list[Hit]:
        """Return segments that contain `text`, upper and lower case alike."""
        return self._get("/v1/search", list[Hit], text=text, limit=limit)

    def find(self, which: Which) -> list[Found]:
        """Return the calls that fit, the oldest first."""
        return self._post("/v1/selections", which, list[Found])

    def table(self, name: str, calls: Sequence[str]) -> Iterator[bytes]:
        """Yield a Parquet file of one of the store's views, reduced to calls by whole ids."""
        content, kind = msgspec.json.encode(list(calls)), {"content-type": "application/json"}
        yield from self._file("POST", at("tables", name), f"the table '{name}'", content, kind)

    def masked_recording(self, call: str, key: str | None, form: str) -> Iterator[bytes]:
        """Yield a copy of a recording without what was masked; `form` is `wav`, `flac` or `ogg`."""
        of = f"?key={quote(key)}" if key else ""
        path = at("calls", call, f"masked.{form}") + of
        yield from self._file("GET", path, "the masked copy", b"", {})

    def original(self, call: str) -> bytes:
        """Return a call as it was before it was masked, sealed: see `voicectl.sealing`."""
        return self._ask("GET", at("calls", call, "original")).content

    def _file(
        self, method: str, path: str, what: str, content: bytes, headers: dict[str, str]
    ) -> Iterator[bytes]:
        self._get("/v1/status", Who)  # when the daemon has left meanwhile, this starts another
        assert self._line is not None  # noqa: S101, somebody has just answered on it
        try:
            with self._line.stream(method, path, content, headers) as answer:
                if answer.is_error:
                    raise problem(answer.status_code, answer.read())
                yield from answer.iter_bytes()
        except (httpx.TransportError, OSError) as error:
            raise DaemonUnreachable(
                f"the daemon went away while it sent {what}",
                hint="try again; its log is " + str(self.home.log),
            ) from error

    def delete(self, call: str, *, with_recording: bool = False) -> Deleted:
        """Delete a call everywhere; the user's recording only when asked for."""
        answer = self._ask("DELETE", at("calls", call), params={"with_recording": with_recording})
        return parse.json(answer.content, Deleted)

    def results(self, wanted: Sequence[ResultWish]) -> list[GivenResult]:
        """Return several results, each with the paths at which files of it may be written.

        The paths are remembered as those of the call. What fails for one keeps no other back.
        """
        return self._post("/v1/results", wanted, list[GivenResult])

    def report(self, wish: ReportWish) -> Report:
        """Return figures over many calls."""
        told = {name: value for name, value in asdict(wish).items() if value is not None}
        return self._get("/v1/reports", Report, **told)

    def give_feedback(self, call: str, wish: FeedbackWish) -> list[Feedback]:
        """Say something about a call; it is kept beside what the machine says."""
        return self._post(at("calls", call, "feedback"), wish, list[Feedback])

    def feedback(self, call: str | None = None) -> list[Feedback]:
        """Return what was said of a call, or of all calls, the latest last."""
        of = {"call": call} if call else {}
        return self._get("/v1/feedback", list[Feedback], limit=MOST_SAID, **of)

    def examples(self) -> list[Example]:
        """Return the calls that people said something about, as they corrected them."""
        return self._get("/v1/examples", list[Example], limit=MOST_SAID)

    def mark(self, call: str, wish: MarkWish) -> Marked:
        """Note something about a call, in progress or over; an escalation goes to webhooks."""
        return self._post(at("calls", call, "marks"), wish, Marked)

    def unmark(self, call: str, mark: str) -> Mark:
        """Remove a mark, by its id."""
        answer = self._ask("DELETE", at("calls", call, "marks", mark))
        return parse.json(answer.content, Mark)

    def unmask(self, call: str, how: str) -> None:
        """Ask whether this account may see (`screen`) or hear (`sound`) a call; it is noted.

        Raises `NotAllowed`.
        """
        self._ask("POST", at("calls", call, "unmask"), params={"how": how})

    def marks(self, call: str | None = None) -> list[Mark]:
        """Return what people noted about a call, or about all calls, the latest last."""
        of = {"call": call} if call else {}
        return self._get("/v1/marks", list[Mark], limit=MOST_SAID, **of)

    def index(self, seconds: float = 2.0) -> Indexed:
        """Have calls read for their meaning that were not read yet, for about so long."""
        return self._post(f"/v1/meaning/index?seconds={seconds:g}", None, Indexed)

    def near(self, text: str, limit: int = 10) -> list[Near]:
        """Return segments that mean about the same as a text."""
        return self._get("/v1/meaning/search", list[Near], text=text, limit=limit)

    def similar(self, call: str, limit: int = 10) -> list[Similar]:
        """Return the calls that are most like one."""
        return self._get(at("calls", call, "similar"), list[Similar], limit=limit)

    def sql(self, query: str, limit: int = 1000) -> Table:
        """Run one SELECT over the store."""
        return self._post("/v1/sql", {"query": query, "limit": limit}, Table)
