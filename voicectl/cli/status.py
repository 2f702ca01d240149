"""`voicectl status` and `voicectl stop`: how the daemon is, and goodbye."""

from __future__ import annotations

from typing import Annotated, Any

from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import look_in
from voicectl.cli.help import JSON
from voicectl.errors import DaemonUnreachable
from voicectl.types import Status, WorkerStatus


def status(json: Annotated[bool, JSON] = False) -> None:
    """Show how the daemon is, its workers, its queue and its disk; never starts one."""
    with look_in() as door:
        try:
            found = door.status()
        except DaemonUnreachable:
            _absent(str(door.home.folder), json=json)
            return
    if json:
        import msgspec

        show.answer_json({"up": True, **msgspec.to_builtins(found)})
    else:
        _present(found)


def stop() -> None:
    """Ask the daemon to leave; what it was doing waits for the next one."""
    with look_in() as door:
        try:
            door.stop()
        except DaemonUnreachable:
            show.note(f"no daemon is running for {door.home.folder}")
        else:
            show.note("the daemon leaves")


def _absent(folder: str, *, json: bool) -> None:
    if json:
        show.answer_json({"up": False, "home": folder})
    else:
        show.answer(f"no daemon is running for {folder}; commands that need one start it")


def _present(found: Status) -> None:
    kind = "on demand" if found.on_demand else "as a service"
    facts: list[tuple[str, Any]] = [
        ("daemon", f"voicectl {found.version}, PID {found.pid}, {kind}"),
        ("up for", show.length(found.uptime)),
        ("data", found.home),
        ("calls", f"{found.calls:,}"),
        ("queue", f"{found.running:,} running, {found.queued:,} waiting"),
        ("disk", f"{show.size(found.disk_used)} used, {show.size(found.disk_free)} free"),
        ("memory", show.size(found.memory)),
        *(("worker", _worker(worker)) for worker in found.workers),
    ]
    for name, value in facts:
        line = Text.assemble((f"{name:<8}", "dim"), show.text(value))
        show.stdout().print(line, soft_wrap=True)


def _worker(worker: WorkerStatus) -> str:
    if worker.pid is None:
        return "starts when there is work"
    models = ", ".join(worker.models) or "no model loaded"
    told = f"PID {worker.pid}, {worker.state}, {models}, {show.size(worker.memory)}"
    if worker.lets_go is not None and worker.models:
        told += f", lets go in {show.length(worker.lets_go)}"
    return told
