"""`voicectl jobs`: what was asked for, how far it is, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from voicectl.cli import outcome, show
from voicectl.cli.door import open_door
from voicectl.cli.follow import Follower
from voicectl.cli.help import JSON, Command, group, switch
from voicectl.cli.progress import Taste, story
from voicectl.errors import NotFound
from voicectl.types import Job, Task, TaskState

if TYPE_CHECKING:
    from voicectl.client import Door

LAST = "last"

app = group("Look after the work that was asked for.")

JobId = Annotated[
    str, typer.Argument(metavar="JOB", help="The id of a job, its beginning, or `last`.")
]


@app.command("list", cls=Command)
def list_(
    limit: Annotated[int, typer.Option(metavar="N", show_default="20", help="How many.")] = 20,
    json: Annotated[bool, JSON] = False,
) -> None:
    """List jobs, newest first."""
    with open_door() as door:
        jobs = door.jobs(limit)
    columns = ("Job", "Asked", "Recordings>", "Audio>", "State", "Command")
    nothing = "no job yet; ask for one with: voicectl transcribe RECORDING..."
    show.listing(jobs, columns, _row, nothing=nothing, json=json)


@app.command("show", cls=Command)
def show_(job: JobId = LAST, *, json: Annotated[bool, JSON] = False) -> None:
    """Show the recordings of a job, and why some failed."""
    with open_door() as door:
        found = _find(door, job)
        tasks = door.tasks(found.id)
    if json:
        show.answer_json({"job": found, "tasks": tasks})
        return
    show.answer(f"{found.id}  {show.when(found.created)}  {_state(found)}")
    show.answer(found.command)
    columns = ("Recording", "Length>", "State", "Call", "Why")
    show.table(columns, [_task_row(task) for task in tasks])


@app.command("watch", cls=Command)
def watch(
    job: JobId = LAST,
    *,
    verbose: Annotated[
        bool, switch("--verbose", "-v", help_text="Show the text as it comes.")
    ] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Attach to a job until it is finished, and write the files it was asked for.

    Ctrl-C detaches; the job goes on.
    """
    with open_door() as door:
        found = _find(door, job)
        ended = Follower(door, found, story(Taste(text=verbose))).follow(ours=False)
    if ended.interrupted:
        show.note(f"the job goes on; attach again with: voicectl jobs watch {found.id}")
    else:
        outcome.report(ended, json=json, quiet=False)
    raise typer.Exit(int(outcome.verdict(ended)))


@app.command("retry", cls=Command)
def retry(
    job: JobId,
    *,
    stage: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="STAGE",
            help="Begin again at this step of the recipe, with every recording of the job.",
        ),
    ] = "",
    json: Annotated[bool, JSON] = False,
) -> None:
    """Try once more what failed or was cancelled.

    Each recording goes on after the last step whose result is kept.
    """
    with open_door() as door:
        again = door.retry(_find(door, job).id, stage or None)
    if json:
        show.answer_json(again)
    else:
        show.answer(f"{again.id}  {_state(again)}")
        if again.state == "finished":
            show.note("nothing of it failed or was cancelled: there is nothing to try again")
        else:
            show.note(f"watch it with: voicectl jobs watch {again.id}")


@app.command("cancel", cls=Command)
def cancel(job: JobId, *, json: Annotated[bool, JSON] = False) -> None:
    """Cancel what is not finished; finished recordings stay finished."""
    with open_door() as door:
        cancelled = door.cancel(_find(door, job).id)
    if json:
        show.answer_json(cancelled)
    else:
        show.answer(f"{cancelled.id}  {_state(cancelled)}")


def _find(door: Door, job: str) -> Job:
    if job != LAST:
        return door.job(job)
    newest = door.jobs(1)
    if not newest:
        raise NotFound("there is no job yet", hint="ask for one with: voicectl transcribe")
    return newest[0]


def _state(job: Job) -> str:
    counts = ", ".join(f"{number:,} {state}" for state, number in job.counts.items() if number)
    return f"{job.state} ({counts})" if counts else job.state


def _row(job: Job) -> tuple[str, ...]:
    seconds = show.length(job.seconds) if job.seconds else ""
    return (
        job.id,
        show.when(job.created),
        f"{job.tasks:,}",
        seconds,
        _state(job),
        show.short(job.command),
    )


def _task_row(task: Task) -> tuple[str, ...]:
    length = show.clock(task.seconds) if task.seconds is not None else ""
    state = "already done" if task.skipped else str(task.state)
    if task.state is TaskState.RUNNING and task.seconds:
        state += f" ({100 * task.done_seconds / task.seconds:.0f} %)"
    why = f"{task.error.text} {task.error.hint and f'({task.error.hint})'}" if task.error else ""
    return (task.name, length, state, task.call or "", why.strip())
