"""What people see while work is going on: a calm live picture, or plain lines.

Everything goes to stderr. Lines that stay (a recording is done, one failed, the
text as it comes) scroll above a picture that is redrawn, which shows what is
being worked on, how fast, and how long it will take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.work import Lane, Work, lane_speed
from voicectl.events import Event, EventKind
from voicectl.types import TaskState

WIDEST_NAME = 36
MOST_LANES = 6
"""Recordings that are shown side by side."""
BAR = 24
"""Columns."""
REDRAW = 5.0
"""Times a second."""
EVERY = 30.0
"""Seconds between two lines about a long recording, where nothing is redrawn."""
NEARLY = 0.5
"""Seconds that are not worth a number."""


@dataclass(frozen=True, slots=True)
class Taste:
    """How much to tell."""

    quiet: bool = False
    """Only problems."""
    text: bool = False
    """The text as it comes."""
    colours: bool = False
    """Colour what is doubtful in it."""


class Story:
    """Tells what happens, line by line."""

    def __init__(self, taste: Taste, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = show.stderr()
        self.clock = clock
        self._taste = taste
        self._voices: dict[str, str] = {}
        self._last_name = ""
        self._told = clock()
        self.lines = 0
        """How many lines were printed that stay."""
        self.failures: set[str] = set()
        """What was said of recordings that failed and can still be read above."""

    def __enter__(self) -> Story:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def say(self, line: str | Text) -> None:
        """Print a line that stays."""
        self.lines += 1
        text = show.text(line) if isinstance(line, str) else line
        if self.console.is_terminal:
            self.console.print(show.fitted(text, self.console.width))
        else:
            self.console.print(text, soft_wrap=True)

    def note(self, line: str) -> None:
        """Print a line that stays, unless only problems are wanted."""
        if not self._taste.quiet:
            self.say(line)

    def tell(self, event: Event, work: Work) -> None:
        """Tell of something new that happened; `work` has taken it in already."""
        lane, detail = work.lane(event), event.detail or {}
        if event.kind is EventKind.JOB_PLANNED and not self._taste.quiet:
            self.say(plan_line(detail))
        elif lane is None:
            return
        elif event.kind is EventKind.TASK_SEGMENT:
            self._segment(lane, detail)
        elif event.kind is EventKind.TASK_FAILED:
            self.fail(lane.name, lane.problem.text if lane.problem else "")
        elif line := end_line(event.kind, lane, detail, quiet=self._taste.quiet):
            self.say(line)
        self.pulse(work)

    def fail(self, name: str, reason: str) -> None:
        """Say that a recording failed."""
        sentence = show.about(name, reason)
        self.failures.add(sentence)
        self.say(Text.assemble(("failed  ", "red"), show.text(sentence)))

    def _segment(self, lane: Lane, detail: dict[str, Any]) -> None:
        if not self._taste.text:
            return
        if lane.name != self._last_name:
            self._last_name = lane.name
            self.say(show.text(lane.name, "bold"))
        speaker = detail.get("speaker") or ""
        voice = self._voices.setdefault(speaker, voice_of(len(self._voices)) if speaker else "")
        self.say(segment_line(detail, voice, colours=self._taste.colours))

    def pulse(self, work: Work) -> None:
        """Say now and then how far it is."""
        now = self.clock()
        if self._taste.quiet or now - self._told < EVERY or not work.running:
            return
        self._told = now
        self.say(f"{far(work, now)}; now {', '.join(lane.name for lane in work.running)}")


class Picture(Story):
    """Tells the same on a terminal, with a picture that is redrawn below."""

    def __init__(self, taste: Taste, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(taste, clock)
        self._work = Work(())
        self._live = Live(
            get_renderable=self._draw,
            console=self.console,
            refresh_per_second=REDRAW,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Story:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()
        if self.lines > self.console.height // 2:
            self.failures.clear()  # by the end they have scrolled away

    def pulse(self, work: Work) -> None:
        """Let the next picture show how things stand."""
        self._work = work

    def _draw(self) -> RenderableType:
        return picture(self._work, self.clock())


def story(taste: Taste) -> Story:
    """Return who tells: a picture where it can be redrawn, else lines."""
    console = show.stderr()
    can_draw = console.is_terminal and not console.is_dumb_terminal
    return Picture(taste) if can_draw and not taste.quiet else Story(taste)


# lines


def plan_line(detail: dict[str, Any]) -> str:
    """Return what is going to be done."""
    todo, before, bad = (detail.get(name) or 0 for name in ("todo", "skipped", "failed"))
    ahead, behind = (detail.get(name) or 0.0 for name in ("seconds", "skipped_seconds"))
    head = show.count(todo + before + bad, "recording")
    if ahead or behind:
        head += f", {show.length(ahead + behind)} of audio"
    parts = [f"{before:,} already done"] if before else []
    parts += [f"{bad:,} cannot be used"] if bad else []
    if todo and parts:
        parts.append(f"{todo:,} to do ({show.length(ahead)})")
    return f"{head}: {', '.join(parts)}" if parts else head


def end_line(kind: EventKind, lane: Lane, detail: dict[str, Any], *, quiet: bool) -> Text | None:
    """Return the line about a recording that came to an end of some kind."""
    if kind is EventKind.TASK_REQUEUED:
        reason = show.about(lane.name, detail.get("text") or "")
        return Text.assemble(("again   ", "yellow"), show.text(reason))
    if kind is not EventKind.TASK_DONE or lane.skipped or quiet:
        return None
    told = Text.assemble(("done    ", "green"), show.text(lane.name))
    facts = [show.clock(lane.seconds)] if lane.seconds is not None else []
    facts += [fact for fact in (lane.language, lane.model) if fact]
    if lane.took and lane.seconds:
        facts.append(f"{lane.seconds / lane.took:.1f}x real time")
    return told.append("  " + show.clean(" · ".join(facts)), style="dim")


def voice_of(number: int) -> str:
    """Return the colour of a speaker."""
    return show.VOICES[number % len(show.VOICES)]


def segment_line(detail: dict[str, Any], voice: str, *, colours: bool = False) -> Text:
    """Return a segment as whisper prints it: `[00:01.000 --> 00:03.200] text`."""
    start, end = show.stamp(detail.get("start") or 0.0), show.stamp(detail.get("end") or 0.0)
    line = Text.assemble((f"[{start} --> {end}] ", "dim"))
    if detail.get("speaker"):
        line.append_text(show.text(f"{detail['speaker']}: ", voice))
    sure = detail.get("confidence")
    doubt = detail.get("suspect") or (sure is not None and sure < show.DOUBTFUL)
    line.append_text(
        show.text(detail.get("text", "").strip(), "yellow" if colours and doubt else "")
    )
    if detail.get("suspect"):
        line.append_text(show.text(f"  ({detail['suspect']}?)", "yellow"))
    return line


def far(work: Work, now: float) -> str:
    """Return how far everything is, how fast it goes, how long it will take."""
    done = work.count(TaskState.DONE, TaskState.PARTIAL, TaskState.FAILED, TaskState.DEAD)
    parts = [f"{done:,} of {show.count(work.todo, 'recording')}"]
    parts.append(f"{show.clock(work.done)} of {show.clock(work.seconds)}")
    speed, left = work.speed(now), work.left(now)
    if speed:
        parts.append(f"{speed:.1f}x real time")
    if left is not None:
        parts.append(_soon(left))
    return " · ".join(parts)


def _soon(left: float) -> str:
    # Speakers are told apart, and results kept, after all of it was heard.
    return f"{show.length(left)} left" if left >= NEARLY else "nearly done"


# the picture


def picture(work: Work, now: float) -> RenderableType:
    """Return how things stand: a line for each recording being worked on, one for all."""
    if work.plan is None:
        looked = sum(lane.seconds is not None or lane.state.final for lane in work.lanes.values())
        return Text(f"looking at the recordings: {looked:,} of {len(work.lanes):,}", style="dim")
    if work.finished or not work.todo:
        return Text("")
    grid = Table.grid(padding=(0, 2))
    for lane in work.running[:MOST_LANES]:
        grid.add_row(*_lane_row(lane, now))
    if not work.running:
        grid.add_row(Text("waiting for a worker", style="dim"))
    overall = Table.grid(padding=(0, 2))
    overall.add_row(_bar(work.done, work.seconds), Text(far(work, now)))
    return Group(grid, overall) if work.todo > 1 else grid


def _lane_row(lane: Lane, now: float) -> tuple[RenderableType, ...]:
    name = show.text(lane.name)
    name.truncate(WIDEST_NAME, overflow="ellipsis")
    speed = lane_speed(lane, now)
    seconds = lane.seconds or 0.0
    facts = [f"{show.clock(lane.done)} of {show.clock(seconds)}"]
    if speed:
        facts.append(f"{speed:.1f}x real time")
        facts.append(_soon(max(0.0, seconds - lane.done) / speed))
    return _bar(lane.done, seconds), name, Text(" · ".join(facts), style="dim")


def _bar(done: float, total: float) -> ProgressBar:
    return ProgressBar(
        total=total or 1.0,
        completed=min(done, total),
        width=BAR,
        complete_style="cyan",
        finished_style="cyan",
    )
