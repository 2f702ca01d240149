"""`voicectl schedules`: what the daemon does by itself, and when."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, Command, group
from voicectl.errors import ExitStatus
from voicectl.results import ScheduleLine, ScheduleState

if TYPE_CHECKING:
    from voicectl.client import Door

POLL_SECONDS = 0.5

app = group("What the daemon does by itself, and when; docs/recipes.md has the config.")


@app.command("list", cls=Command)
def list_(*, json: Annotated[bool, JSON] = False) -> None:
    """List the schedules: when each is due next, and how its last run went."""
    with open_door() as door:
        lines, serves = door.schedules(), not door.status().on_demand
    columns = ("Schedule", "When", "Next", "Last", "State", "Job", "Why")
    nothing = "there are no schedules; docs/recipes.md tells how to write one"
    show.listing(lines, columns, _row, nothing=nothing, json=json)
    if lines and not serves and not json:
        show.note("nothing runs them: the daemon is there on demand only; see: voicectl serve")


@app.command("run", cls=Command)
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `voicectl schedules list` says.")],
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Run a schedule now, and stay until it is done.

    Ctrl-C leaves it to the daemon. The exit status is that of the run.
    """
    with open_door() as door:
        door.run_schedule(name)
        try:
            line = _wait(door, name)
        except KeyboardInterrupt:
            show.note("it goes on; see: voicectl schedules list")
            raise
    if json:
        show.answer_json(line)
    elif line.said:
        for each in line.said.splitlines():
            show.note(each)
    show.note(f"{name}: {line.state}" + (f"; see: voicectl jobs show {line.job}" * bool(line.job)))
    bad = ExitStatus.SOME_FAILED if line.status is None else line.status
    raise typer.Exit(int(bad))


def _wait(door: Door, name: str) -> ScheduleLine:
    while True:
        line = next(line for line in door.schedules() if line.name == name)
        if line.state is not ScheduleState.RUNNING:
            return line
        time.sleep(POLL_SECONDS)


def _row(line: ScheduleLine) -> tuple[str, ...]:
    return (
        line.name,
        f"{line.cron} {line.timezone or ''}".strip(),
        show.when(line.next) if line.next else "",
        show.when(line.started) if line.started else "",
        str(line.state),
        line.job or "",
        line.said.partition("\n")[0],
    )
