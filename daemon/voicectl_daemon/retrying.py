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
        for records in _back(books, job, plan, stage):
            books.store.save_all(records, dict.fromkeys(records, job.id))
        for task in books.ledger.tasks(job.id):
            _back_in_drafts(books, task, plan, stage)
        return books.ledger.retry(job.id, done=True)


def _back(books: Books, job: Job, plan: load.Plan, stage: str) -> Iterator[dict[str, CallRecord]]:
    """Yield the results of a job that came so far as they were before a stage, a few at a time.

    They are named by their keys.
    """
    found = {task.key: task.call for task in books.ledger.tasks(job.id) if task.key and task.call}
    keys = list(found)
    for first in range(0, len(keys), TOGETHER):
        some = keys[first : first + TOGETHER]
        kept = books.store.calls([(found[key], key) for key in some])
        back = {
            key: again.back_to(plan, record, stage)
            for key, record in zip(some, kept, strict=True)
            if record is not None and len(record.done) > again.place(plan, stage)
        }
        if back:
            yield back


def _back_in_drafts(books: Books, task: Task, plan: load.Plan, stage: str) -> None:
    """Do so with what was found and is not masked yet."""
    record = books.drafts.record(task, only_of_job=False)
    if again.place(plan, stage) == 0:
        books.drafts.drop(task)
    elif record is not None:
        books.drafts.keep_record(task, again.back_to(plan, record, stage))
