"""Has calls in progress read as they grow: each turn for urgent words, all of it now and then."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voicectl.config import Config
from voicectl.errors import VoicectlError
from voicectl.lines import Live
from voicectl.live import LiveTurn, LiveView
from voicectl.types import DEFAULT_TENANT, CallRecord
from voicectl_daemon import unforeseen
from voicectl_daemon.analysis import chosen, reading
from voicectl_daemon.analysis.alarms import Alarms
from voicectl_daemon.analysis.chosen import Chosen
from voicectl_daemon.analysis.thinking import Thinking
from voicectl_daemon.live.calls import LiveCalls
from voicectl_daemon.rounds import Serve
from voicectl_recipes.load import Plan

REST_SECONDS = 0.5
IDLE_SECONDS = 300.0
"""How long the models stay for the next call."""
SHARE = 4.0
"""A call that took long to read is read again after so many times that: a long call, or many of
them, must not take a core for themselves."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Reading:
    """One call that is being read."""

    due: float
    """On the clock of `time.monotonic`."""
    waiting: list[LiveTurn] = field(default_factory=list)
    """Turns in which nobody has looked for urgent words."""
    fresh: bool = False
    """True when something was said since it was read."""
    over: bool = False
    plan: Plan | None = None
    """None until it is needed."""
    troubles: set[str] = field(default_factory=set)


class Analyst:
    """One thread; `said` and `over` are called by another one."""

    def __init__(
        self, calls: LiveCalls, alarms: Alarms, live: Live, steps: Chosen, models: Path
    ) -> None:
        self._calls = calls
        self._alarms = alarms
        self._every = live.analyse_every
        self._steps = steps
        self._models = models
        self._news = threading.Condition()
        """Held to change what is to be read."""
        self._reading: dict[str, _Reading] = {}

    @property
    def serving(self) -> dict[str, Serve]:
        """What is to run in threads, by name."""
        return {"analyst": self.serve, "alarms": self._alarms.serve}

    def change(self, settings: Config) -> None:
        """Read calls otherwise, those that are to come."""
        self._every = settings.live.analyse_every
        self._steps = self._steps.changed(settings)
        self._alarms.change(settings.live.alerts, settings.listen)

    def said(self, call: str, turn: LiveTurn) -> None:
        """Take in a turn that is over."""
        with self._news:
            reading_ = self._of(call)
            reading_.waiting.append(turn)
            reading_.fresh = True
            self._news.notify()

    def over(self, call: str) -> None:
        """Read a call to its end; it is told to the end after that."""
        with self._news:
            self._of(call).over = True
            self._news.notify()

    def _of(self, call: str) -> _Reading:
        return self._reading.setdefault(call, _Reading(time.monotonic() + self._every))

    def serve(self, stopping: threading.Event, alive: Callable[[], None]) -> None:
        """Read until it is time to stop."""
        thinking = Thinking(self._models, stopping, alive)
        last = time.monotonic()
        try:
            while not stopping.is_set():
                alive()
                if (found := self._next()) is not None:
                    self._read(*found, thinking)
                    last = time.monotonic()
                elif not self._reading and time.monotonic() - last > IDLE_SECONDS:
                    thinking.let_go()
        finally:
            thinking.let_go()

    def _next(self) -> tuple[str, _Reading, list[LiveTurn]] | None:
        """Return a call with the turns in which to look for urgent words, or all of it is due."""
        with self._news:
            now = time.monotonic()
            for call, each in self._reading.items():
                if each.waiting:
                    turns, each.waiting = each.waiting, []
                    return call, each, turns
            due = [
                (not each.over, each.due, call)
                for call, each in self._reading.items()
                if each.over or (self._every and each.fresh and each.due <= now)
            ]
            if not due:
                self._news.wait(REST_SECONDS)
                return None
            call = min(due)[2]
            return call, self._reading[call], []

    def _read(
        self, call: str, each: _Reading, turns: Sequence[LiveTurn], thinking: Thinking
    ) -> None:
        try:
            view = self._calls.find(DEFAULT_TENANT, call)
            if each.plan is None:
                each.plan = ()  # should it fail, it does once
                each.plan = self._steps.steps()
            if turns:
                self._look_for_urgent(view, each.plan, turns, thinking)
            elif each.fresh and self._every:
                self._analyse(view, each, thinking)
        except VoicectlError as error:
            self._trouble(call, each, error.text)
        except Exception as error:  # noqa: BLE001, the other calls are to be read
            unforeseen.write(log, "unexpected while a call was read", error)
            self._trouble(call, each, unforeseen.sentence(error))
        if not turns and each.over:
            with self._news:
                del self._reading[call]
            self._calls.told(call)

    def _look_for_urgent(
        self, view: LiveView, plan: Plan, turns: Sequence[LiveTurn], thinking: Thinking
    ) -> None:
        steps, said = chosen.urgent(plan), reading.readable(turns)
        if steps and said:
            found, _ = thinking.run(steps, reading.record(view, said))
            self._tell_urgent(view, found, said)

    def _analyse(self, view: LiveView, each: _Reading, thinking: Thinking) -> None:
        each.fresh = False
        said = reading.readable(view.turns)
        plan = each.plan or ()
        if not (plan and said):
            return
        began = time.monotonic()
        record = reading.record(view, said)
        found, failed = thinking.run(plan, record)
        deaf = [failure for failure in failed if chosen.hears(plan[failure.number])]
        if deaf:
            each.plan = chosen.of_text(plan)
            self._trouble(view.call.id, each, deaf[0].text)
            found, failed = thinking.run(each.plan, record)
        for failure in failed:
            self._trouble(view.call.id, each, failure.text)
        unable = sorted(each.troubles)
        self._calls.analysed(view.call.id, reading.analysis(found, said, view.analysis, unable))
        self._tell_urgent(view, found, said)
        took = time.monotonic() - began
        each.due = time.monotonic() + max(self._every, SHARE * took)

    def _tell_urgent(self, view: LiveView, found: CallRecord, said: Sequence[LiveTurn]) -> None:
        risks = reading.risks(found, [turn.id for turn in said])
        if risks:
            self._alarms.urgent(view.call.id, risks, view.call.seconds)

    def _trouble(self, call: str, each: _Reading, text: str) -> None:
        """Warn of what went wrong, once for each call and reason."""
        each.due = time.monotonic() + self._every
        if text not in each.troubles:
            each.troubles.add(text)
            log.warning("a call is not read whole: %s", text, extra={"call": call})
            self._calls.warn(call, f"it is not read whole while it goes on: {text}")
