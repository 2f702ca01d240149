"""`voicectl status`, `voicectl reload` and `voicectl stop`: how the daemon is, and goodbye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import look_in
from voicectl.cli.help import JSON
from voicectl.errors import DaemonUnreachable
from voicectl.live import LineStatus
from voicectl.types import Status, WorkerStatus


def status(json: Annotated[bool, JSON] = False) -> None:
    """Show how the daemon is, its workers, its queue and its disk; never starts one."""
    with look_in() as door:
        try:
            found = door.status()
            lines = [] if found.on_demand else door.lines()
        except DaemonUnreachable:
            _absent(str(door.home.folder), json=json)
            return
    if json:
        import msgspec

        show.answer_json({"up": True, **msgspec.to_builtins(found)})
    else:
        _present(found, lines)


def stop() -> None:
    """Ask the daemon to leave; what it was doing waits for the next one."""
    with look_in() as door:
        try:
            door.stop()
        except DaemonUnreachable:
            show.note(f"no daemon is running for {door.home.folder}")
        else:
            show.note("the daemon leaves")


def reload(json: Annotated[bool, JSON] = False) -> None:
    """Have the daemon read `voicectl.toml` anew, and tell what of it counts at once.

    Calls that are up go on. A config with a mistake is refused, and the one before holds.
    """
    with look_in() as door:
        try:
            found = door.reload()
        except DaemonUnreachable:
            show.note(f"no daemon is running for {door.home.folder}; the next one reads the config")
            return
    if json:
        show.answer_json(found)
        return
    if not (found.now or found.later):
        show.answer("nothing is different")
    for title, keys in (("counts from now on", found.now), ("counts after a restart", found.later)):
        if keys:
            show.answer(f"{title}:")
        for key in keys:
            show.answer(f"  {key}")


def _absent(folder: str, *, json: bool) -> None:
    if json:
        show.answer_json({"up": False, "home": folder})
    else:
        show.answer(f"no daemon is running for {folder}; commands that need one start it")


def _present(found: Status, lines: Sequence[LineStatus]) -> None:
    kind = "on demand" if found.on_demand else "as a service"
    facts: list[tuple[str, Any]] = [
        ("daemon", f"voicectl {found.version}, PID {found.pid}, {kind}"),
        ("up for", show.length(found.uptime)),
        ("health", ": ".join((found.health.state, *found.health.reasons[:1]))),
        *(("", reason) for reason in found.health.reasons[1:]),
        ("data", found.home),
        ("calls", f"{found.calls:,}"),
        ("queue", f"{found.running:,} running, {found.queued:,} waiting"),
        ("disk", f"{show.size(found.disk_used)} used, {show.size(found.disk_free)} free"),
        ("memory", show.size(found.memory)),
        *([("next", f"{found.schedule}, {show.when(found.due)}")] if found.due else []),
        *(("line", _line(line)) for line in lines),
        *(("worker", _worker(worker)) for worker in found.workers),
    ]
    for name, value in facts:
        show.line(Text.assemble((f"{name:<8}", "dim"), show.text(value)), margin=8)


def _line(line: LineStatus) -> str:
    if not line.port:
        return f"{line.name} takes no calls: {line.trouble}"
    return f"{line.name} takes calls on {line.host}:{line.port}"


def _worker(worker: WorkerStatus) -> str:
    if worker.pid is None:
        return "starts when there is work"
    models = ", ".join(worker.models) or "no model loaded"
    told = f"PID {worker.pid}, {worker.state}, {models}, {show.size(worker.memory)}"
    if worker.lets_go is not None and worker.models:
        told += f", lets go in {show.length(worker.lets_go)}"
    return told
