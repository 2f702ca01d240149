"""How the daemon is: itself, where it takes calls, and the processes that own models."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from voicectl.amounts import length
from voicectl.live import LineStatus
from voicectl.printable import size, when
from voicectl.tui import ink
from voicectl.tui.board import Board, House
from voicectl.tui.told import Told
from voicectl.types import Status, WorkerStatus

LITTLE = 2_000_000_000
"""Bytes of free disk below which it is told in colour."""


class HealthView(VerticalScroll):
    """Facts, one a line."""

    def compose(self) -> ComposeResult:
        """Make room for the facts."""
        yield Told(id="facts-of-health")

    def tell(self, board: Board) -> None:
        """Show what the daemon last said."""
        told = Text("\n").join(_facts(board.house)) if board.house else _nothing(board)
        self.query_one("#facts-of-health", Told).tell(told)


def _nothing(board: Board) -> Text:
    return ink.text(board.away.text if board.away else "connecting …", ink.DIM)


def _facts(house: House) -> Iterator[Text]:
    yield from _daemon(house.status)
    yield Text()
    yield Text("Lines", f"bold {ink.BRAND}")
    yield from map(_line, house.lines)
    if not house.lines:
        yield Text("  none: the config has no [[listen]]", ink.DIM)
    yield Text()
    yield Text("Workers", f"bold {ink.BRAND}")
    yield from map(_worker, house.status.workers)
    yield Text()
    yield Text("More: voicectl doctor", ink.DIM)


def _daemon(status: Status) -> Iterator[Text]:
    kind = "on demand" if status.on_demand else "as a service"
    yield Text("Daemon", f"bold {ink.BRAND}")
    yield _fact("voicectl", f"{status.version}, PID {status.pid}, {kind}")
    yield _fact("up for", length(status.uptime))
    for reason in status.health.reasons:
        yield _fact(status.health.state, reason, ink.RED)
    yield _fact("data", status.home)
    yield _fact("calls", f"{status.calls:,} in the store")
    yield _fact("queue", f"{status.running:,} running, {status.queued:,} waiting")
    if status.schedule and status.due:
        yield _fact("schedule", f"{status.schedule}, {when(status.due)}")
    free = f"{size(status.disk_used)} used, {size(status.disk_free)} free"
    yield _fact("disk", free, ink.RED if status.disk_free < LITTLE else "")
    yield _fact("memory", size(status.memory))


def _fact(name: str, value: str, style: str = "") -> Text:
    return Text.assemble((f"  {name:<10}", ink.DIM), ink.text(value, style))


def _line(line: LineStatus) -> Text:
    if line.trouble:
        return Text.assemble(("  × ", ink.RED), ink.text(f"{line.name:<10}"),
                             ink.text(line.trouble, ink.RED))  # fmt: skip
    return Text.assemble(("  ● ", ink.GREEN), ink.text(f"{line.name:<10}"),
                         ink.text(f"{line.host}:{line.port}", ink.DIM))  # fmt: skip


def _worker(worker: WorkerStatus) -> Text:
    if worker.pid is None:
        return Text("  ○ starts when there is work", ink.DIM)
    models = ", ".join(worker.models) or "no model loaded"
    told = f"PID {worker.pid}, {worker.state}, {models}, {size(worker.memory)}"
    if worker.lets_go is not None and worker.models:
        told += f", lets go in {length(worker.lets_go)}"
    return Text.assemble(("  ● ", ink.GREEN), ink.text(told))
