"""When somebody should look at a call in progress."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from voicectl.errors import NotFound
from voicectl.lines import Alerts, Listen
from voicectl.live import AlertKind, LiveAlert, LiveCall, LiveRisk, LiveView
from voicectl.types import DEFAULT_TENANT
from voicectl_daemon import unforeseen
from voicectl_daemon.live.calls import LiveCalls

LOOK_SECONDS = 1.0
"""How often all calls are looked at."""
AGENT = "agent"
"""The leg that should say something."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Given:
    """Which alerts one call has had."""

    limits: Alerts
    _causes: set[tuple[str, ...]] = field(default_factory=set)
    _late: bool = False

    def standing(self, view: LiveView) -> list[LiveAlert]:
        """Return what is new of how a call stands."""
        found = (self._silence(view), self._no_agent(view), self._lag(view.call))
        return [alert for alert in found if alert is not None]

    def urgent(self, risks: Iterable[LiveRisk], seconds: float) -> list[LiveAlert]:
        """Return what is new of the urgent words that were said."""
        return [
            LiveAlert(AlertKind.URGENT, f"urgent words: {risk.kind}", seconds, risk.turn, risk.text)
            for risk in risks
            if self.limits.urgent and self._first("urgent", risk.kind, risk.turn)
        ]

    def _silence(self, view: LiveView) -> LiveAlert | None:
        last = max(view.turns, key=lambda turn: turn.end, default=None)
        quiet = _heard(view.call) - (last.end if last else 0.0)
        limit = self.limits.silence_seconds
        if not limit or quiet < limit or not self._first("silence", last.id if last else ""):
            return None
        text = f"nobody has said anything for {limit:.0f} s"
        return LiveAlert(AlertKind.SILENCE, text, view.call.seconds)

    def _no_agent(self, view: LiveView) -> LiveAlert | None:
        legs, limit = view.call.legs, self.limits.no_agent_seconds
        if not limit or AGENT not in legs or len(legs) < 2 or _heard(view.call) < limit:
            return None
        if any(legs[turn.leg] == AGENT for turn in view.turns) or not self._first("no agent"):
            return None
        text = f"the agent has not said anything in the first {limit:.0f} s"
        return LiveAlert(AlertKind.NO_AGENT, text, view.call.seconds)

    def _lag(self, call: LiveCall) -> LiveAlert | None:
        limit = self.limits.lag_seconds
        # Half of it, so that one that goes up and down around the limit is told once.
        late = bool(limit) and call.lag >= (limit / 2 if self._late else limit)
        began, self._late = late and not self._late, late
        if not began:
            return None
        return LiveAlert(AlertKind.LAG, f"what is shown is {call.lag:.0f} s late", call.seconds)

    def _first(self, *cause: str) -> bool:
        known = cause in self._causes
        self._causes.add(cause)
        return not known


def _heard(call: LiveCall) -> float:
    """Return the second up to which it was listened to."""
    return call.seconds - call.lag


class Alarms:
    """One thread that looks at all calls; `urgent` may be called from another one."""

    def __init__(self, calls: LiveCalls, limits: Alerts, lines: Sequence[Listen]) -> None:
        self._calls = calls
        self.change(limits, lines)
        self._lock = threading.Lock()
        self._given: dict[str, Given] = {}

    def change(self, limits: Alerts, lines: Sequence[Listen]) -> None:
        """Keep to other limits, for calls that are to come."""
        self._limits = limits
        self._heard = {each.name for each in lines if each.mode != "post-call"}

    def serve(self, stopping: threading.Event, alive: Callable[[], None]) -> None:
        """Look at all calls until it is time to stop."""
        while not stopping.wait(LOOK_SECONDS):
            alive()
            with unforeseen.survived(log, "unexpected while calls were looked at"):
                self._look()

    def urgent(self, call: str, risks: Sequence[LiveRisk], seconds: float) -> None:
        """Take in the urgent words that were found in a call, new or not."""
        self._calls.urgent(call, (risk.kind for risk in risks))
        with self._lock:
            for alert in self._of(call).urgent(risks, seconds):
                self._calls.alert(call, alert)

    def _look(self) -> None:
        with self._lock:
            there = {call.id for call in self._calls.all(DEFAULT_TENANT, ended=True)}
            self._given = {id_: given for id_, given in self._given.items() if id_ in there}
            for call in self._calls.all(DEFAULT_TENANT):
                if call.line in self._heard:
                    self._stands(call.id)

    def _stands(self, call: str) -> None:
        try:
            view = self._calls.find(DEFAULT_TENANT, call)
        except NotFound:
            return  # it ended just now
        for alert in self._of(call).standing(view):
            self._calls.alert(call, alert)

    def _of(self, call: str) -> Given:
        return self._given.setdefault(call, Given(self._limits))
