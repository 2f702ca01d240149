"""Has the recordings of a job begin again at one of the steps of its recipe."""

from __future__ import annotations

from collections.abc import Iterator

from voicectl.errors import UsageError
from voicectl.types import CallRecord, Job, Task
from voicectl_daemon.books import Books
from voicectl_recipes import again, load

TOGETHER = 100
"""Records that are read and written at once."""


def from_stage(books: Books, job: Job, stage: str) -> int:
    """Have every recording of a job begin again at a stage; return how many.

    What the later steps found is dropped; a recording that did not come so far goes on
    where it stopped. Raises `UsageError`, and then nothing was changed.
    """
    if job.state != "finished":
        hint = f"wait for its end, or cancel it with: voicectl jobs cancel {job.id}"
        raise UsageError("the job is still being worked on", hint=hint)
    plan = load.from_wire(books.ledger.wishes(job.id).steps)
    again.place(plan, stage)
    with books.placing:  # none of the calls is deleted in between
        for _ in _back(books, job, plan, stage):
            pass  # all of them can go back
        said = [_back_in_drafts(books, task, plan, stage) for task in books.ledger.tasks(job.id)]
        for records in _back(books, job, plan, stage):
            books.store.save_all(records, dict.fromkeys(records, job.id))
        for task, record in filter(None, said):
            books.drafts.drop(task)
            books.drafts.keep_record(task, record)
        return books.ledger.retry(job.id, done=True)


def _back(books: Books, job: Job, plan: load.Plan, stage: str) -> Iterator[dict[str, CallRecord]]:
    """Yield the results of a job that came so far as they were before a stage, a few at a time.

    They are named by their keys. Not those that go on from the words as they were said.
    """
    found = {
        task.key: task.call
        for task in books.ledger.tasks(job.id)
        if task.key and task.call and books.drafts.record(task, only_of_job=False) is None
    }
    keys = list(found)
    for first in range(0, len(keys), TOGETHER):
        some = keys[first : first + TOGETHER]
        kept = books.store.calls([(found[key], key) for key in some])
        back = {
            key: again.back_to(plan, record, stage)
            for key, record in zip(some, kept, strict=True)
            if record is not None and again.came_to(plan, record, stage)
        }
        if back:
            yield back


def _back_in_drafts(
    books: Books, task: Task, plan: load.Plan, stage: str
) -> tuple[Task, CallRecord] | None:
    """Return how what was found of a task and is not masked goes back, if it has come so far."""
    record = books.drafts.record(task, only_of_job=False)
    if record is None:
        return None
    anew = again.place(plan, stage) == 0
    return task, again.blank(record) if anew else again.back_to(plan, record, stage)
