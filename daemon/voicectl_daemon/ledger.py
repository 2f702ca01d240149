"""The book of work: jobs, tasks and leases, in SQLite.

Every change is one transaction that is on disk when the method returns, so
that a power cut loses nothing that was promised. A task is claimed with a
lease; a worker that stops renewing it loses the task to the next one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from voicectl import parse
from voicectl.errors import NotFound, UsageError
from voicectl.types import Ask, Audio, Job, Problem, Task, TaskState
from voicectl_daemon import ids
from voicectl_daemon.lite import Connection, Lite, Row
from voicectl_daemon.rows import Wishes, job_of, task_of


@dataclass(frozen=True, slots=True)
class Together:
    """How many short recordings may be worked on at a time."""

    longest: float = 60.0
    """Seconds of the longest that is called short."""
    seconds: float = 600.0
    """Seconds of all of them."""
    count: int = 64


class Ledger(Lite):
    """The only user of the ledger's file; its methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "ledger.sql")

    # jobs

    def add_job(self, ask: Ask, steps: bytes, tenant: str) -> Job:
        """Write down what was asked for; every recording becomes a task that nobody looked at."""
        job = ids.fresh()
        outputs = msgspec.json.encode(ask.outputs).decode()
        with self.change() as db:
            db.execute(
                "INSERT INTO job (id, tenant, created, recipe, steps, outputs, command, force, "
                "fail_fast, state) VALUES (?,?,?,?,?,?,?,?,?,'planning')",
                (job, tenant, time.time(), ask.recipe, steps.decode(), outputs)
                + (ask.command, ask.force, ask.fail_fast),
            )
            db.executemany(
                "INSERT INTO task (id, job, tenant, seq, path, name, state) VALUES (?,?,?,?,?,?,?)",
                [
                    (ids.fresh(12), job, tenant, seq, source.path, source.name, TaskState.NEW)
                    for seq, source in enumerate(ask.sources)
                ],
            )
        return self.job(job)

    def job(self, job: str) -> Job:
        """Return one job. Raises `NotFound`."""
        rows = self.rows("SELECT * FROM job WHERE id=?", job)
        if not rows:
            raise _no_job(job)
        return self._job(rows[0])

    def jobs(self, tenant: str, limit: int) -> list[Job]:
        """Return the latest jobs of a tenant, newest first."""
        rows = self.rows(
            "SELECT * FROM job WHERE tenant=? ORDER BY created DESC, rowid DESC LIMIT ?",
            tenant, limit,
        )  # fmt: skip
        return [self._job(row) for row in rows]

    def find_job(self, tenant: str, start: str) -> str:
        """Return the id of the one job that begins with `start`. Raises `NotFound`."""
        rows = self.rows(
            "SELECT id FROM job WHERE tenant=? AND substr(id, 1, ?)=? LIMIT 2",
            tenant, len(start), start,
        )  # fmt: skip
        if len(rows) == 2:
            raise UsageError(f"more than one job begins with '{start}'", hint="give more of its id")
        if not rows:
            raise _no_job(start)
        return str(rows[0]["id"])

    def _job(self, row: Row) -> Job:
        return job_of(
            row,
            self.rows(
                "SELECT state, count(*) n, sum(skipped) skipped, sum(audio->>'seconds') seconds "
                "FROM task WHERE job=? GROUP BY state",
                row["id"],
            ),
        )

    def wishes(self, job: str) -> Wishes:
        """Return what a job asks for. Raises `NotFound`."""
        rows = self.rows("SELECT steps, force, fail_fast FROM job WHERE id=?", job)
        if not rows:
            raise _no_job(job)
        return Wishes(rows[0]["steps"].encode(), bool(rows[0]["force"]), bool(rows[0]["fail_fast"]))

    def unplanned(self) -> list[str]:
        """Return the jobs whose recordings were not all looked at, oldest first."""
        rows = self.rows("SELECT id FROM job WHERE state='planning' ORDER BY created, rowid")
        return [row["id"] for row in rows]

    def planned(self, job: str) -> bool:
        """Let the tasks of a job be claimed; False when one of them was not looked at yet."""
        with self.change() as db:
            changed = db.execute(
                "UPDATE job SET state='running' WHERE id=? AND state='planning' "
                "AND NOT EXISTS (SELECT 1 FROM task WHERE job=? AND state='new')",
                (job, job),
            ).rowcount
        return changed == 1

    def settle(self) -> list[Job]:
        """Close and return the jobs that have nothing left to do; each is returned once."""
        with self.change() as db:
            rows = db.execute(
                "UPDATE job SET state='finished' WHERE state='running' AND NOT EXISTS "
                "(SELECT 1 FROM task WHERE job=job.id AND state IN ('new','queued','running')) "
                "RETURNING *"
            ).fetchall()
        return [self._job(row) for row in rows]

    def cancel(self, job: str) -> list[Task]:
        """Cancel what of a job is not finished; return what ended by this very call.

        What somebody works on stays `running`, but unwanted, until its worker has let go.
        """
        with self.change() as db:
            return _cancel(db, job)

    def retry(self, job: str, *, done: bool = False) -> int:
        """Give the tasks of a job that did not succeed another chance; return how many.

        With `done` those that did are looked at once more, too.
        """
        with self.change() as db:
            count = db.execute(
                "UPDATE task SET state='new', error=NULL, attempts=0, deaths=0, done_seconds=0, "
                "finished=NULL, unwanted=0, skipped=0 WHERE job=? "
                "AND (state IN ('partial','failed','dead','cancelled') OR ? AND state='done')",
                (job, done),
            ).rowcount
            if count:
                db.execute("UPDATE job SET state='planning' WHERE id=?", (job,))
        return count

    # tasks

    def _tasks(self, query: str, *given: Any) -> list[Task]:
        return [task_of(row) for row in self.rows(query, *given)]

    def _update(self, query: str, *given: Any) -> list[Task]:
        with self.change() as db:
            return [task_of(row) for row in db.execute(f"{query} RETURNING *", given).fetchall()]

    def tasks(self, job: str) -> list[Task]:
        """Return the tasks of a job in the order in which they were asked for."""
        return self._tasks("SELECT * FROM task WHERE job=? ORDER BY seq", job)

    def next_new(self, job: str) -> Task | None:
        """Return the first task of a job that nobody looked at."""
        found = self._tasks(
            "SELECT t.* FROM task t JOIN job j ON j.id=t.job AND j.state='planning' "
            "WHERE t.job=? AND t.state='new' ORDER BY t.deaths, t.seq LIMIT 1",
            job,
        )
        return found[0] if found else None

    def audio(self, task: str) -> Audio:
        """Return the recording of a task that was looked at. Raises `NotFound`."""
        rows = self.rows("SELECT audio FROM task WHERE id=? AND audio IS NOT NULL", task)
        if not rows:
            raise NotFound(f"nobody has looked at task '{task}' yet")
        return parse.json(rows[0]["audio"], Audio)

    def looked_at(self, task: str, audio: Audio, key: str, call: str, *, known: bool) -> list[Task]:
        """Write down what a recording is; `known` when its result is in the store already.

        Return the task, or nothing when it was cancelled meanwhile.
        """
        return self._update(
            "UPDATE task SET state=?, audio=?, key=?, call=?, skipped=?, finished=? "
            "WHERE id=? AND state='new'",
            TaskState.DONE if known else TaskState.QUEUED,
            msgspec.json.encode(audio).decode(), key, call, known,
            time.time() if known else None, task,
        )  # fmt: skip

    def claim(self, owner: str, lease: float) -> Task | None:
        """Take the next task for `owner`, for `lease` seconds; None when there is none.

        Jobs take turns, however many tasks they have. Of equal recordings only
        one is worked on at a time. One that lost a worker waits until the others
        of its job are done.
        """
        with self.change() as db:
            row = _next_claimable(db)
            if row is None:
                return None
            db.execute(
                "UPDATE job SET turn=1+(SELECT max(turn) FROM job WHERE state='running') "
                "WHERE id=?",
                (row["job"],),
            )
            return task_of(_claimed(db, row["id"], owner, lease))

    def claim_more(self, first: Task, owner: str, lease: float, most: Together) -> list[Task]:
        """Take more short recordings of the same job, to be worked on together with `first`.

        None that took a worker down: those are tried alone, so that one recording
        cannot condemn its neighbours.
        """
        seconds, found = first.seconds or 0.0, list[Task]()
        if seconds > most.longest or self.deaths(first.id):
            return found
        with self.change() as db:
            rows = db.execute(
                "SELECT id, key, audio->>'seconds' AS seconds FROM task t WHERE job=? "
                "AND state='queued' AND deaths=0 AND audio->>'seconds' <= ? AND key <> ? "
                "AND NOT EXISTS (SELECT 1 FROM task r WHERE r.tenant=t.tenant AND r.key=t.key "
                "AND r.state='running') ORDER BY seq LIMIT ?",
                (first.job, most.longest, first.key, most.count - 1),
            ).fetchall()
            keys = set[str]()
            for row in rows:
                if row["key"] in keys:
                    continue
                seconds += row["seconds"]
                if seconds > most.seconds:
                    break
                keys.add(row["key"])
                found.append(task_of(_claimed(db, row["id"], owner, lease)))
        return found

    def renew(self, task: str, owner: str, lease: float, done_seconds: float) -> bool:
        """Keep a claim alive; False when it is lost."""
        renewed = self._update(
            "UPDATE task SET lease_until=?, done_seconds=? "
            "WHERE id=? AND owner=? AND state='running'",
            time.time() + lease, done_seconds, task, owner,
        )  # fmt: skip
        return bool(renewed)

    def unwanted(self, task: str) -> bool:
        """True when a task was cancelled while somebody works on it."""
        return bool(self.rows("SELECT 1 FROM task WHERE id=? AND unwanted", task))

    def finish(self, task: str, owner: str, *, skipped: bool = False) -> list[Task]:
        """Mark a task done, and every waiting task with the same key; return all of them.

        Nothing is returned when the claim was lost.
        """
        return self.finish_all([task], owner, skipped=skipped)

    def finish_all(self, tasks: Iterable[str], owner: str, *, skipped: bool = False) -> list[Task]:
        """Do so for several tasks, all or none."""
        with self.change() as db:
            return [
                task_of(row) for task in tasks for row in _finish(db, task, owner, skipped=skipped)
            ]

    def close_task(
        self, task: str, owner: str | None, state: TaskState, problem: Problem | None
    ) -> list[Task]:
        """Give a task its final state; return it, or nothing when it is `owner`'s no more.

        A task that nobody looked at has no owner. When the job is to fail fast,
        the rest of it is cancelled in the same moment and returned as well.
        """
        error = msgspec.json.encode(problem).decode() if problem else None
        with self.change() as db:
            rows = db.execute(
                "UPDATE task SET state=?, error=?, owner=NULL, lease_until=NULL, finished=? "
                "WHERE id=? AND owner IS ? AND state IN ('new','queued','running') RETURNING *",
                (state, error, time.time(), task, owner),
            ).fetchall()
            closed = [task_of(row) for row in rows]
            if closed and state in (TaskState.PARTIAL, TaskState.FAILED, TaskState.DEAD):
                job = closed[0].job
                fast = db.execute("SELECT fail_fast FROM job WHERE id=?", (job,)).fetchone()
                closed += _cancel(db, job) if fast["fail_fast"] else []
        return closed

    def release(self, task: str, owner: str, *, died: bool = False) -> list[Task]:
        """Put a running task back; one that is unwanted ends here. Return what changed."""
        return self._update(f"{_PUT_BACK} WHERE id=? AND owner=? AND state='running'",
                            died, time.time(), task, owner)  # fmt: skip

    def sweep(self, lease: float, *, held: Iterable[str] | None = None) -> list[Task]:
        """Put back running tasks that nobody works on; return them.

        Tasks in `held` are at work in this very process and stay, whatever the
        clock says. Of the others those are forgotten whose lease has run out, or
        would last longer than a lease can: the clock was set. Without `held`
        everything goes back: a daemon that starts or stops is alone with the folder.
        """
        if held is None:
            return self._update(f"{_PUT_BACK} WHERE state='running'", False, time.time())
        now = time.time()
        return self._update(
            f"{_PUT_BACK} WHERE state='running' AND NOT (lease_until BETWEEN ? AND ?) "  # noqa: S608, ours
            "AND id NOT IN (SELECT value FROM json_each(?))",
            False, now, now, now + lease, msgspec.json.encode(list(held)).decode(),
        )  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in which state."""
        rows = self.rows("SELECT state, count(*) n FROM task GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def deaths(self, task: str) -> int:
        """Return how many workers were lost while they worked on this task."""
        rows = self.rows("SELECT deaths FROM task WHERE id=?", task)
        return int(rows[0]["deaths"]) if rows else 0

    def others_lost(self, task: Task) -> int:
        """Return how many others of its job lost workers, too, and not only together with it."""
        count = "SELECT count(*) FROM task WHERE job=? AND id<>? AND deaths>1"
        return int(self.rows(count, task.job, task.id)[0][0])


_PUT_BACK = (
    "UPDATE task SET state=CASE WHEN unwanted THEN 'cancelled' ELSE 'queued' END, owner=NULL, "
    "lease_until=NULL, done_seconds=0, deaths=deaths+?, finished=CASE WHEN unwanted THEN ? END"
)


def _cancel(db: Connection, job: str) -> list[Task]:
    db.execute("UPDATE job SET state='running' WHERE id=? AND state='planning'", (job,))
    return drop(db, "job", job)


def drop(db: Connection, column: str, value: str) -> list[Task]:
    """Cancel the waiting tasks of a job or call and return them; make running ones unwanted."""
    mine = f"{column}=? AND state"
    db.execute(f"UPDATE task SET unwanted=1 WHERE {mine}='running'", (value,))  # noqa: S608, ours
    rows = db.execute(
        "UPDATE task SET state='cancelled', finished=? "  # noqa: S608, names of ours
        f"WHERE {mine} IN ('new','queued') RETURNING *",
        (time.time(), value),
    )
    return [task_of(row) for row in rows.fetchall()]


def _claimed(db: Connection, task: str, owner: str, lease: float) -> Row:
    row: Row = db.execute(
        "UPDATE task SET state='running', owner=?, lease_until=?, attempts=attempts+1, "
        "unwanted=0 WHERE id=? RETURNING *",
        (owner, time.time() + lease, task),
    ).fetchone()
    return row


def _finish(db: Connection, task: str, owner: str, *, skipped: bool) -> list[Row]:
    now = time.time()
    row = db.execute(
        "UPDATE task SET state='done', owner=NULL, lease_until=NULL, finished=?, "
        "skipped=?, error=NULL WHERE id=? AND owner=? AND state='running' RETURNING *",
        (now, skipped, task, owner),
    ).fetchone()
    if row is None:
        return []
    twins = db.execute(
        "UPDATE task SET state='done', skipped=1, finished=?, error=NULL "
        "WHERE tenant=? AND key=? AND state='queued' RETURNING *",
        (now, row["tenant"], row["key"]),
    ).fetchall()
    return [row, *twins]


def _next_claimable(db: Connection) -> Row | None:
    for job in db.execute(
        "SELECT id FROM job WHERE state='running' ORDER BY turn, created"
    ).fetchall():
        row: Row | None = db.execute(
            "SELECT id, job FROM task t WHERE job=? AND state='queued' AND NOT EXISTS "
            "(SELECT 1 FROM task r WHERE r.tenant=t.tenant AND r.key=t.key AND r.state='running') "
            "ORDER BY deaths, seq LIMIT 1",
            (job["id"],),
        ).fetchone()
        if row is not None:
            return row
    return None


def _no_job(job: str) -> NotFound:
    return NotFound(f"there is no job '{job}'", hint="list them with: voicectl jobs list")
