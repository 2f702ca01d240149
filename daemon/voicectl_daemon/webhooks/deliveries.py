"""What webhooks are still to be told, in the ledger: at least once each, whoever is killed.

An event that arrived is deleted. One that is given up is dead: it is kept for a month, as long
as there are not too many, and can be sent again.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from voicectl.errors import NotFound
from voicectl.results import DeadEvent, WebhookLine
from voicectl.webhook import Webhook
from voicectl_daemon import ids
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.lite import Connection, Row

MOST_WAITING = 10_000
"""Events that may wait for one webhook; of more the oldest die."""
MOST_DEAD = 1_000
"""Dead ones that are kept for one webhook; of more the oldest are dropped."""
KEPT_SECONDS = 30 * 86_400.0
LONGEST_PAUSE = 2 * 86_400.0
"""What is due later than that was written down before the clock was set back."""
TOO_MANY = "too many events wait for it"
GONE = "the receiver answered 410, gone"


@dataclass(frozen=True, slots=True)
class Fresh:
    """An event that one webhook is to be told."""

    hook: str
    tenant: str
    kind: str
    call: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Delivery:
    """One that is due, and leased to whoever asked for it."""

    id: str
    call: str | None
    body: bytes
    attempts: int
    """How many have failed."""


class Deliveries:
    """The ledger's pages about webhooks; methods may be called from any thread."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since the epoch."""
        self._ledger = ledger
        self._clock = clock

    def open(self) -> None:
        """Take up what an earlier daemon left: nobody sends anything any more."""
        with self._ledger.change() as db:
            db.execute("UPDATE delivery SET lease_until=NULL WHERE lease_until IS NOT NULL")

    def agree(self, hooks: Iterable[Webhook]) -> None:
        """Know the webhooks of the config; one with another address is tried anew."""
        with self._ledger.change() as db:
            for hook in hooks:
                address = hashlib.sha256(hook.url.encode()).hexdigest()
                db.execute(
                    "INSERT INTO webhook (name, address) VALUES (?,?) ON CONFLICT (name) DO UPDATE "
                    "SET address=excluded.address, failures=0, disabled=0, problem='' "
                    "WHERE address<>excluded.address",
                    (hook.name, address),
                )

    def disabled(self) -> set[str]:
        """Return the webhooks that are to be told nothing."""
        return {row["name"] for row in self._ledger.rows("SELECT name FROM webhook WHERE disabled")}

    def add(self, events: Sequence[Fresh]) -> None:
        """Write events down, in their order; those for a webhook that is disabled are left out."""
        now = self._clock()
        disabled = self.disabled()
        rows = [
            (
                ids.fresh(16),
                each.hook,
                each.tenant,
                each.kind,
                each.call,
                each.body.decode(),
                now,
            )
            for each in events
            if each.hook not in disabled
        ]
        if not rows:
            return
        with self._ledger.change() as db:
            db.executemany(
                "INSERT INTO delivery (id, hook, tenant, kind, call, body, created, due, state) "
                "VALUES (?,?,?,?,?,?,?7,?7,'waiting')",
                rows,
            )
            for hook in {row[1] for row in rows}:
                _limit(db, hook)

    def claim(self, hook: str, lease: float) -> Delivery | None:
        """Take what a webhook is to be told next, for `lease` seconds; None when nothing is due.

        What was never tried goes first, in order.
        """
        now = self._clock()
        with self._ledger.change() as db:
            row = db.execute(
                "UPDATE delivery SET lease_until=? WHERE id=(SELECT id FROM delivery WHERE hook=? "
                "AND state='waiting' AND (due <= ? OR due > ?) "
                "AND (lease_until IS NULL OR NOT lease_until BETWEEN ? AND ?) "
                "ORDER BY attempts, due, rowid LIMIT 1) RETURNING *",
                (now + lease, hook, now, now + LONGEST_PAUSE, now, now + lease),
            ).fetchone()
        if row is None:
            return None
        return Delivery(row["id"], row["call"], row["body"].encode(), row["attempts"])

    def due_in(self, hook: str) -> float | None:
        """Return in how many seconds something may be due; None when nothing waits."""
        rows = self._ledger.rows(
            "SELECT min(max(due, coalesce(lease_until, due))) moment FROM delivery "
            "WHERE hook=? AND state='waiting'",
            hook,
        )
        moment = rows[0]["moment"]
        return None if moment is None else max(0.0, moment - self._clock())

    def let_go(self, delivery: str) -> None:
        """Give back what was claimed and not sent."""
        with self._ledger.change() as db:
            db.execute("UPDATE delivery SET lease_until=NULL WHERE id=?", (delivery,))

    def arrived(self, hook: str, delivery: str | None) -> None:
        """Note that a webhook has heard of an event, or of a ping."""
        with self._ledger.change() as db:
            db.execute("DELETE FROM delivery WHERE id=?", (delivery,))
            db.execute(
                "UPDATE webhook SET failures=0, disabled=0, delivered=? WHERE name=?",
                (self._clock(), hook),
            )

    def failed(self, hook: str, delivery: str, why: str, pause: float | None) -> int:
        """Note that an attempt failed; it is made again after a pause, or never.

        Return how many have failed since the last one that did not.
        """
        now = self._clock()
        with self._ledger.change() as db:
            db.execute(
                "UPDATE delivery SET attempts=attempts+1, lease_until=NULL, problem=?, due=?, "
                "state=? WHERE id=?",
                (why, now + (pause or 0.0), "dead" if pause is None else "waiting", delivery),
            )
            _limit(db, hook)
            row = db.execute(
                "UPDATE webhook SET failures=failures+1, failed=?, problem=? WHERE name=? "
                "RETURNING failures",
                (now, why, hook),
            ).fetchone()
        return row["failures"] if row else 1

    def gone(self, hook: str) -> None:
        """Tell a webhook nothing any more; what waits for it is dead."""
        with self._ledger.change() as db:
            db.execute(
                "UPDATE webhook SET disabled=1, failures=failures+1, failed=?, problem=? "
                "WHERE name=?",
                (self._clock(), GONE, hook),
            )
            db.execute(
                "UPDATE delivery SET state='dead', lease_until=NULL, problem=? "
                "WHERE hook=? AND state='waiting'",
                (GONE, hook),
            )
            _limit(db, hook)

    def retry(self, hook: str, delivery: str | None) -> int:
        """Send dead events again, and use a webhook again that was disabled; return how many.

        The beginning of an id is enough. Raises `NotFound` for an id that no dead one has.
        """
        with self._ledger.change() as db:
            count = db.execute(
                "UPDATE delivery SET state='waiting', attempts=0, due=? "
                "WHERE hook=? AND state='dead' AND substr(id, 1, ?)=?",
                (self._clock(), hook, len(delivery or ""), delivery or ""),
            ).rowcount
            if delivery and not count:
                raise NotFound(
                    f"the webhook '{hook}' has no dead event whose id begins with '{delivery}'",
                    hint="list them with: voicectl webhooks dead",
                )
            db.execute("UPDATE webhook SET disabled=0, failures=0 WHERE name=?", (hook,))
        return count

    def tidy(self) -> None:
        """Keep nothing for ever, whatever became of its webhook."""
        with self._ledger.change() as db:
            old = self._clock() - KEPT_SECONDS
            db.execute("DELETE FROM delivery WHERE created < ?", (old,))

    def of_job(self, job: str) -> str | None:
        """Return the call in progress of which a job works on the recording."""
        rows = self._ledger.rows("SELECT id FROM live WHERE job=?", job)
        return str(rows[0]["id"]) if rows else None

    def dead(self, hook: str | None, limit: int) -> list[DeadEvent]:
        """Return events that were given up, the latest first; of one webhook or of all."""
        rows = self._ledger.rows(
            "SELECT * FROM delivery WHERE state='dead' AND (hook=?1 OR ?1 IS NULL) "
            "ORDER BY created DESC, rowid DESC LIMIT ?2",
            hook,
            limit,
        )
        return [_dead(row) for row in rows]

    def lines(self, hooks: Iterable[Webhook]) -> list[WebhookLine]:
        """Return webhooks, and how each is doing."""
        known = {row["name"]: row for row in self._ledger.rows("SELECT * FROM webhook")}
        counts = {
            (row["hook"], row["state"]): row["n"]
            for row in self._ledger.rows(
                "SELECT hook, state, count(*) n FROM delivery GROUP BY hook, state"
            )
        }
        return [
            _line(
                hook,
                known.get(hook.name),
                counts.get((hook.name, "waiting"), 0),
                counts.get((hook.name, "dead"), 0),
            )
            for hook in hooks
        ]


def _limit(db: Connection, hook: str) -> None:
    """Let the oldest of too many die, and drop the oldest dead."""
    db.execute(
        "UPDATE delivery SET state='dead', lease_until=NULL, problem=? WHERE id IN (SELECT id FROM "
        "delivery WHERE hook=? AND state='waiting' ORDER BY created DESC, rowid DESC "
        "LIMIT -1 OFFSET ?)",
        (TOO_MANY, hook, MOST_WAITING),
    )
    dropped = db.execute(
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE hook=? AND state='dead' "
        "ORDER BY created DESC, rowid DESC LIMIT -1 OFFSET ?)",
        (hook, MOST_DEAD),
    ).rowcount
    if dropped:
        db.execute("UPDATE webhook SET dropped=dropped+? WHERE name=?", (dropped, hook))


def _line(hook: Webhook, row: Row | None, waiting: int, dead: int) -> WebhookLine:
    found = urlsplit(hook.url)
    to = f"{found.scheme}://{found.netloc}"
    if row is None:
        return WebhookLine(hook.name, to, hook.events, waiting, dead)
    return WebhookLine(
        hook.name,
        to,
        hook.events,
        waiting,
        dead,
        dropped=row["dropped"],
        failures=row["failures"],
        disabled=bool(row["disabled"]),
        delivered=_moment(row["delivered"]),
        failed=_moment(row["failed"]),
        problem=row["problem"] if row["failures"] else "",
    )


def _dead(row: Row) -> DeadEvent:
    created = datetime.fromtimestamp(row["created"], UTC)
    return DeadEvent(
        row["id"], row["hook"], row["kind"], row["call"], created, row["attempts"], row["problem"]
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
