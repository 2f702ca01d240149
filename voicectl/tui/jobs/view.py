"""Jobs, the newest first, and the recordings of the chosen one."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import DataTable

from voicectl.amounts import length
from voicectl.printable import clock, when
from voicectl.tui import ink
from voicectl.tui.board import Board
from voicectl.tui.rows import Rows
from voicectl.tui.told import Told
from voicectl.types import Job, Task, TaskState

_COLOURS = {
    "done": ink.GREEN, "running": ink.BRAND, "queued": ink.DIM, "partial": ink.WARM,
    "failed": ink.RED, "dead": ink.RED, "cancelled": ink.DIM,
}  # fmt: skip


class JobsView(Vertical):
    """What was asked for, and how far it is."""

    class Chosen(Message):
        """The recordings of a job are wanted."""

        def __init__(self, job: str) -> None:
            super().__init__()
            self.job = job

    def compose(self) -> ComposeResult:
        """Lay out the regions."""
        yield Rows((("Job", 11), ("Asked", 16), ("Audio", 10), ("State", 21), ("Command", None)),
                   place="jobs")  # fmt: skip
        yield Told(id="job")
        yield Rows((("Recording", 34), ("Length", 7), ("State", 14), ("Why", None)), place="tasks")

    def tell(self, board: Board) -> None:
        """Show what the board knows."""
        jobs = {job.id: job for job in (board.house.jobs if board.house else ())}
        table = self.query_one("#jobs", Rows)
        table.tell({id_: _job(job) for id_, job in jobs.items()})
        job = jobs.get(table.chosen or "")
        told = ink.text(f"{job.recipe}: {job.command}", ink.DIM) if job else _none()
        self.query_one("#job", Told).tell(told)
        tasks = board.tasks(job.id) if job else ()
        self.query_one("#tasks", Rows).tell({task.id: _task(task) for task in tasks})

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Ask for the recordings of the job under the cursor."""
        if event.data_table.id == "jobs" and event.row_key.value is not None:
            self.post_message(self.Chosen(event.row_key.value))


def _none() -> Text:
    return Text.assemble(
        ("There is no job yet. Ask for one with: ", ink.DIM),
        ("voicectl transcribe RECORDING...", ink.BRAND),
    )


def _job(job: Job) -> tuple[Text, ...]:
    counts = [
        Text(f"{number:,} {name}", _COLOURS.get(name, ""))
        for name, number in job.counts.items()
        if number
    ]
    state = Text(", ").join(counts) if counts else Text(job.state)
    seconds = length(job.seconds) if job.seconds else ""
    return (ink.text(job.id), ink.text(when(job.created), ink.DIM), Text(seconds), state,
            ink.cut(job.command, 200, ink.DIM))  # fmt: skip


def _task(task: Task) -> tuple[Text, ...]:
    state = "already done" if task.skipped else str(task.state)
    if task.state is TaskState.RUNNING and task.seconds:
        state += f" {100 * task.done_seconds / task.seconds:.0f} %"
    why = f"{task.error.text} {task.error.hint and f'({task.error.hint})'}" if task.error else ""
    colour = _COLOURS.get(str(task.state), "")
    seconds = Text(clock(task.seconds) if task.seconds else "")
    return (ink.cut(task.name, 34), seconds, Text(state, colour), ink.text(why.strip(), ink.DIM))
