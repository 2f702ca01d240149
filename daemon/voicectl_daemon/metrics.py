"""What Prometheus is told: numbers about calls, work and visitors, in its text format.

The format is a line a number; a library for it would be larger than all that is told.
No label has an id, a name of a recording or anything else that a caller brings: each
has as many values as there are lines in the config, routes, or states.
"""

from __future__ import annotations

import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from voicectl.events import Event, EventKind

PREFIX = "voicectl_"
MOST_CALLS = 10_000
"""Calls that are remembered: what was said last in one is told after its end, if ever."""
CALL_SECONDS = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
LATENCY_SECONDS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 120.0)
VISIT_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Labels: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Histogram:
    """How often something took how long."""

    edges: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.edges) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.edges, value)] += 1
        self.total += value

    def lines(self, name: str) -> Iterator[str]:
        seen = 0
        for edge, count in zip((*map(str, self.edges), "+Inf"), self.counts, strict=True):
            seen += count
            yield _line(f"{name}_bucket", (("le", edge),), seen)
        yield _line(f"{name}_sum", (), round(self.total, 6))
        yield _line(f"{name}_count", (), seen)


@dataclass(slots=True)
class _Call:
    line: str
    began: float
    sound: float | None = None
    """When its first sound came."""


class Metrics:
    """Counts what it is told; methods may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: dict[str, _Call] = {}
        self._counts: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))
        self._took = {
            "call_duration_seconds": _Histogram(CALL_SECONDS),
            "stt_latency_seconds": _Histogram(LATENCY_SECONDS),
            "http_request_duration_seconds": _Histogram(VISIT_SECONDS),
        }

    def happened(self, event: Event) -> None:
        """Count an event."""
        with self._lock:
            if event.kind is EventKind.TASK_FAILED:
                self._count("errors_total", ("what", "recording"))
            elif event.kind is EventKind.CALL_WARNING:
                self._count("errors_total", ("what", "call"))
            elif event.kind is EventKind.CALL_FAILED and event.detail:
                line = str(event.detail["line"])
                self._count("calls_total", ("line", line), ("state", "failed"))
            elif event.call is not None:
                self._of_call(event.kind, event.call, event.detail or {})

    def visited(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        with self._lock:
            shape = (("method", method), ("route", route), ("status", str(status)))
            self._count("http_requests_total", *shape)
            self._took["http_request_duration_seconds"].add(seconds)

    def text(self, now: Iterable[tuple[str, Labels, float]]) -> str:
        """Return all numbers; `now` are those that are looked up when somebody asks."""
        with self._lock:
            counts = {name: list(values.items()) for name, values in self._counts.items()}
            told = [_family(name, "counter", values) for name, values in sorted(counts.items())]
            told += [
                [f"# TYPE {PREFIX}{name} histogram", *took.lines(PREFIX + name)]
                for name, took in self._took.items()
            ]
        gauges = defaultdict[str, list[tuple[Labels, float]]](list)
        for name, labels, value in now:
            gauges[name].append((labels, value))
        told += [_family(name, "gauge", values) for name, values in gauges.items()]
        return "\n".join(line for family in told for line in family) + "\n"

    def _of_call(self, kind: EventKind, id_: str, detail: dict[str, object]) -> None:
        if kind is EventKind.CALL_CONNECTED:
            self._calls[id_] = _Call(str(detail["line"]), time.monotonic())
            if len(self._calls) > MOST_CALLS:
                del self._calls[next(iter(self._calls))]
        elif detail.get("told"):
            self._calls.pop(id_, None)
        elif (call := self._calls.get(id_)) is not None:
            self._went_on(kind, call, detail)

    def _went_on(self, kind: EventKind, call: _Call, detail: dict[str, object]) -> None:
        now, seconds, end = time.monotonic(), detail.get("seconds"), detail.get("end")
        if kind is EventKind.CALL_ENDED:
            self._took["call_duration_seconds"].add(now - call.began)
            self._count("calls_total", ("line", call.line), ("state", str(detail["state"])))
        elif call.sound is None:
            call.sound = now - seconds if isinstance(seconds, float) else None
        elif kind is EventKind.TRANSCRIPT_TURN and detail["final"] and isinstance(end, float):
            self._took["stt_latency_seconds"].add(max(0.0, now - call.sound - end))

    def _count(self, name: str, *labels: tuple[str, str]) -> None:
        self._counts[name][labels] += 1


def _family(name: str, kind: str, values: Iterable[tuple[Labels, float]]) -> list[str]:
    begins = f"# TYPE {PREFIX}{name} {kind}"
    return [begins, *(_line(PREFIX + name, labels, value) for labels, value in values)]


def _line(name: str, labels: Labels, value: float) -> str:
    shown = ",".join(f'{key}="{_quoted(text)}"' for key, text in labels)
    return f"{name}{{{shown}}} {value!r}" if shown else f"{name} {value!r}"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
