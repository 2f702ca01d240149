"""The book of work: jobs, tasks, leases and written files, in SQLite.

Every change is one transaction that is on disk when the method returns, so
that a power cut loses nothing that was promised. A task is claimed with a
lease; a worker that stops renewing it loses the task to the next one.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from voicectl.errors import DiskFull, NotFound, UsageError
from voicectl.types import Ask, Audio, Job, Outputs, Problem, Task, TaskState
from voicectl_daemon import ids, schema


class Ledger:
    """The only user of the ledger's file; its methods may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        for number, section in enumerate(
            schema.missing("ledger.sql", version, "ledger"), version + 1
        ):
            self._db.executescript(f"BEGIN; {section}; PRAGMA user_version={number}; COMMIT;")

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
                    raise DiskFull(
                        "the disk is full: the ledger cannot be written",
                        hint="make room; what was promised is kept, and work goes on by itself",
                    ) from error
                raise

    def _rows(self, query: str, *given: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, given).fetchall()

    # jobs

    def add_job(self, ask: Ask, steps: bytes, tenant: str) -> Job:
        """Write down what was asked for; every recording becomes a task that nobody looked at."""
        job = ids.fresh()
        outputs = msgspec.json.encode(ask.outputs).decode()
        with self._change() as db:
            db.execute(
                "INSERT INTO job VALUES (?,?,?,?,?,?,?,?,?,'planning')",
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
        rows = self._rows("SELECT * FROM job WHERE id=?", job)
        if not rows:
            raise NotFound(f"there is no job '{job}'", hint="list them with: voicectl jobs list")
        return self._job(rows[0])

    def jobs(self, tenant: str, limit: int) -> list[Job]:
        """Return the latest jobs of a tenant, newest first."""
        rows = self._rows(
            "SELECT * FROM job WHERE tenant=? ORDER BY created DESC LIMIT ?", tenant, limit
        )
        return [self._job(row) for row in rows]

    def find_job(self, tenant: str, start: str) -> str:
        """Return the id of the one job that begins with `start`. Raises `NotFound`."""
        rows = self._rows(
            "SELECT id FROM job WHERE tenant=? AND substr(id, 1, ?)=? LIMIT 2",
            tenant, len(start), start,
        )  # fmt: skip
        if len(rows) == 2:
            raise UsageError(f"more than one job begins with '{start}'", hint="give more of its id")
        return str(rows[0]["id"]) if rows else self.job(start).id

    def _job(self, row: sqlite3.Row) -> Job:
        found = self._rows(
            "SELECT state, count(*) n, sum(skipped) skipped, sum(audio->>'seconds') seconds "
            "FROM task WHERE job=? GROUP BY state",
            row["id"],
        )
        return Job(
            id=row["id"],
            tenant=row["tenant"],
            recipe=row["recipe"],
            created=datetime.fromtimestamp(row["created"], UTC),
            state=row["state"],
            tasks=sum(line["n"] for line in found),
            counts={line["state"]: line["n"] for line in found},
            seconds=sum(line["seconds"] or 0.0 for line in found),
            skipped=sum(line["skipped"] for line in found),
            outputs=msgspec.json.decode(row["outputs"], type=Outputs),
            command=row["command"],
        )

    def wishes(self, job: str) -> tuple[bytes, bool, bool]:
        """Return the steps of a job as JSON, whether to redo what is done, whether to fail fast."""
        rows = self._rows("SELECT steps, force, fail_fast FROM job WHERE id=?", job)
        if not rows:
            raise NotFound(f"there is no job '{job}'")
        return rows[0]["steps"].encode(), bool(rows[0]["force"]), bool(rows[0]["fail_fast"])

    def unplanned(self) -> list[str]:
        """Return the jobs whose recordings were not all looked at, oldest first."""
        rows = self._rows("SELECT id FROM job WHERE state='planning' ORDER BY created")
        return [row["id"] for row in rows]

    def planned(self, job: str) -> None:
        """Let the tasks of a job be claimed."""
        with self._change() as db:
            db.execute("UPDATE job SET state='running' WHERE id=? AND state='planning'", (job,))

    def settle(self, job: str) -> bool:
        """Close a job when nothing of it is left to do; True when this call closed it."""
        with self._change() as db:
            changed = db.execute(
                "UPDATE job SET state='finished' WHERE id=? AND state='running' AND NOT EXISTS "
                "(SELECT 1 FROM task WHERE job=? AND state IN ('new','queued','running'))",
                (job, job),
            ).rowcount
        return changed == 1

    def cancel(self, job: str) -> list[Task]:
        """Cancel what of a job is not finished; return the tasks that somebody works on.

        Those stay `running` until their worker has let go.
        """
        with self._change() as db:
            db.execute("UPDATE job SET state='running' WHERE id=? AND state='planning'", (job,))
            db.execute(
                "UPDATE task SET state='cancelled', finished=? "
                "WHERE job=? AND state IN ('new','queued')",
                (time.time(), job),
            )
        return self._tasks("SELECT * FROM task WHERE job=? AND state='running'", job)

    def retry(self, job: str) -> int:
        """Give the tasks of a job that did not succeed another chance; return how many."""
        with self._change() as db:
            count = db.execute(
                "UPDATE task SET state='new', error=NULL, attempts=0, deaths=0, done_seconds=0, "
                "finished=NULL WHERE job=? AND state IN ('failed','dead','cancelled')",
                (job,),
            ).rowcount
            if count:
                db.execute("UPDATE job SET state='planning' WHERE id=?", (job,))
        return count

    # tasks

    def _tasks(self, query: str, *given: Any) -> list[Task]:
        return [_task(row) for row in self._rows(query, *given)]

    def tasks(self, job: str) -> list[Task]:
        """Return the tasks of a job in the order in which they were asked for."""
        return self._tasks("SELECT * FROM task WHERE job=? ORDER BY seq", job)

    def task(self, task: str) -> Task:
        """Return one task. Raises `NotFound`."""
        found = self._tasks("SELECT * FROM task WHERE id=?", task)
        if not found:
            raise NotFound(f"there is no task '{task}'")
        return found[0]

    def audio(self, task: str) -> Audio:
        """Return the recording of a task that was looked at."""
        rows = self._rows("SELECT audio FROM task WHERE id=? AND audio IS NOT NULL", task)
        if not rows:
            raise NotFound(f"nobody has looked at task '{task}' yet")
        return msgspec.json.decode(rows[0]["audio"], type=Audio)

    def looked_at(self, task: str, audio: Audio, key: str, call: str, *, known: bool) -> None:
        """Write down what a recording is; `known` when its result is in the store already."""
        state = TaskState.DONE if known else TaskState.QUEUED
        with self._change() as db:
            db.execute(
                "UPDATE task SET state=?, audio=?, key=?, call=?, skipped=?, "
                "finished=CASE WHEN ? THEN ? END WHERE id=? AND state='new'",
                (state, msgspec.json.encode(audio).decode(), key, call, known, known)
                + (time.time(), task),
            )

    def claim(self, owner: str, lease: float) -> Task | None:
        """Take the next task for `owner`, for `lease` seconds; None when there is none.

        Jobs take turns: the tenth recording of one is due before the eleventh
        of another. Of equal recordings only one is worked on at a time.
        """
        now = time.time()
        with self._change() as db:
            row = db.execute(
                "UPDATE task SET state='running', owner=?, lease_until=?, attempts=attempts+1 "
                "WHERE id=(SELECT t.id FROM task t JOIN job j ON j.id=t.job "
                "WHERE t.state='queued' AND j.state='running' AND NOT EXISTS (SELECT 1 FROM task r "
                "WHERE r.tenant=t.tenant AND r.key=t.key AND r.state='running') "
                "ORDER BY t.seq LIMIT 1) RETURNING *",
                (owner, now + lease),
            ).fetchone()
        return _task(row) if row else None

    def renew(self, task: str, owner: str, lease: float, done_seconds: float) -> bool:
        """Keep a claim alive; False when it is lost."""
        with self._change() as db:
            changed = db.execute(
                "UPDATE task SET lease_until=?, done_seconds=? "
                "WHERE id=? AND owner=? AND state='running'",
                (time.time() + lease, done_seconds, task, owner),
            ).rowcount
        return changed == 1

    def finish(self, task: str, owner: str) -> list[Task]:
        """Mark a task done, and every waiting task with the same key; return all of them."""
        now = time.time()
        with self._change() as db:
            row = db.execute(
                "UPDATE task SET state='done', owner=NULL, lease_until=NULL, finished=?, "
                "error=NULL WHERE id=? AND owner=? AND state='running' RETURNING *",
                (now, task, owner),
            ).fetchone()
            if row is None:
                return []
            twins = db.execute(
                "UPDATE task SET state='done', skipped=1, finished=?, error=NULL "
                "WHERE tenant=? AND key=? AND state='queued' RETURNING *",
                (now, row["tenant"], row["key"]),
            ).fetchall()
        return [_task(found) for found in (row, *twins)]

    def close_task(self, task: str, state: TaskState, problem: Problem | None) -> Task:
        """Give a task that was not closed before its final state."""
        error = msgspec.json.encode(problem).decode() if problem else None
        with self._change() as db:
            db.execute(
                "UPDATE task SET state=?, error=?, owner=NULL, lease_until=NULL, finished=? "
                "WHERE id=? AND state IN ('new','queued','running')",
                (state, error, time.time(), task),
            )
        return self.task(task)

    def release(self, task: str, *, died: bool = False) -> int:
        """Put a running task back; return how many workers it has taken down so far."""
        with self._change() as db:
            rows = db.execute(
                "UPDATE task SET state='queued', owner=NULL, lease_until=NULL, done_seconds=0, "
                "deaths=deaths+? WHERE id=? AND state='running' RETURNING deaths",
                (died, task),
            ).fetchall()
        return int(rows[0]["deaths"]) if rows else 0

    def sweep(self, *, everything: bool = False, held: Iterable[str] = ()) -> int:
        """Put back tasks whose lease has run out, or all running ones; return how many.

        Tasks in `held` are at work in this very process and stay, whatever the
        clock says: it may have been set. A daemon that starts holds the lock of
        the data folder, so nobody else can be at work and everything goes back.
        """
        kept = set(held)
        with self._change() as db:
            late = db.execute(
                "SELECT id FROM task WHERE state='running' AND (? OR lease_until < ?)",
                (everything, time.time()),
            ).fetchall()
            lost = [(row["id"],) for row in late if row["id"] not in kept]
            db.executemany(
                "UPDATE task SET state='queued', owner=NULL, lease_until=NULL, done_seconds=0 "
                "WHERE id=?",
                lost,
            )
        return len(lost)

    def counts(self) -> dict[str, int]:
        """Return how many tasks are in which state."""
        rows = self._rows("SELECT state, count(*) n FROM task GROUP BY state")
        return {row["state"]: row["n"] for row in rows}

    def deaths(self, task: str) -> int:
        """Return how many workers were lost while they worked on this task."""
        rows = self._rows("SELECT deaths FROM task WHERE id=?", task)
        return int(rows[0]["deaths"]) if rows else 0

    # files and calls

    def claim_file(self, tenant: str, call: str, paths: Sequence[str], taken: Iterable[str]) -> str:
        """Return the first path that is free or was written for the same call, and remember it.

        Raises `UsageError` when all are taken.
        """
        exist = set(taken)
        with self._change() as db:
            owners = {
                path: row["call"]
                for path in paths
                for row in db.execute("SELECT call FROM file WHERE path=?", (path,))
            }
            free = (
                p for p in paths if owners.get(p) == call or (p not in exist and p not in owners)
            )
            chosen = next(free, None) or next((p for p in paths if p not in exist), None)
            if chosen is None:
                raise UsageError(
                    f"{paths[0]} exists and was not written by voicectl for this recording",
                    hint="move it away or choose another --output_dir",
                )
            db.execute(
                "INSERT OR REPLACE INTO file VALUES (?,?,?,?)", (chosen, tenant, call, time.time())
            )
        return chosen

    def files(self, call: str) -> list[str]:
        """Return the files that were written for a call."""
        return [row["path"] for row in self._rows("SELECT path FROM file WHERE call=?", call)]

    def running_for(self, call: str) -> bool:
        """True while somebody works on the call."""
        return bool(self._rows("SELECT 1 FROM task WHERE call=? AND state='running' LIMIT 1", call))

    def drop_queued(self, call: str) -> list[Task]:
        """Cancel what waits to be done to a call; return the tasks that somebody works on."""
        with self._change() as db:
            db.execute(
                "UPDATE task SET state='cancelled', finished=? WHERE call=? AND state='queued'",
                (time.time(), call),
            )
        return self._tasks("SELECT * FROM task WHERE call=? AND state='running'", call)

    def forget(self, call: str) -> None:
        """Remove every trace of a call; jobs that held nothing else go with it."""
        with self._change() as db:
            jobs = db.execute("SELECT DISTINCT job FROM task WHERE call=?", (call,)).fetchall()
            db.execute("DELETE FROM task WHERE call=?", (call,))
            db.execute("DELETE FROM file WHERE call=?", (call,))
            db.executemany(
                "DELETE FROM job WHERE id=? AND NOT EXISTS (SELECT 1 FROM task WHERE job=job.id)",
                [(row["job"],) for row in jobs],
            )
            db.executemany("UPDATE job SET command='' WHERE id=?", [(row["job"],) for row in jobs])
        with self._lock:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _task(row: sqlite3.Row) -> Task:
    audio = msgspec.json.decode(row["audio"], type=Audio) if row["audio"] else None
    return Task(
        id=row["id"],
        job=row["job"],
        tenant=row["tenant"],
        seq=row["seq"],
        path=row["path"],
        name=row["name"],
        state=TaskState(row["state"]),
        key=row["key"],
        call=row["call"],
        seconds=audio.seconds if audio else None,
        done_seconds=row["done_seconds"],
        skipped=bool(row["skipped"]),
        attempts=row["attempts"],
        error=msgspec.json.decode(row["error"], type=Problem) if row["error"] else None,
    )
