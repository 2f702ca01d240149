"""Call detail records: calls that came in on a line, in the store, where SQL and tables find them.

The ledger is right. What it knows is written into the store when there is time and
room for it, so that no call waits for the store.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from voicectl_daemon.books import Books
from voicectl_daemon.live.sessions import Over, Sessions
from voicectl_daemon.store import Store


class DetailRecords:
    """Brings the store up to what the ledger knows."""

    def __init__(self, books: Books, shown: Callable[[str], str]) -> None:
        self._books = books
        self._sessions = Sessions(books.ledger)
        self._shown = shown
        """What may be known of the name of a channel: a telephone system writes numbers into it."""

    def write(self) -> None:
        """Write what the store does not know. Raises `DiskFull`; then it is for the next time."""
        with self._books.placing:  # none of them is deleted meanwhile
            over = self._sessions.unkept()
            _put(self._books.store, [self._row(each) for each in over])
            done = [
                each.call for each in over if each.settled and (each.became or not each.call.job)
            ]
            if done:
                self._sessions.keep(done)

    def _row(self, over: Over) -> list[Any]:
        call = over.call
        times = [moment and moment.replace(tzinfo=None) for moment in (call.started, call.ended)]
        return [
            call.id, call.tenant, call.line, self._shown(call.channel), list(call.legs), *times,
            call.reason, call.seconds or None, call.category, list(call.urgent), call.job,
            over.became,
        ]  # fmt: skip


def _put(store: Store, rows: list[list[Any]]) -> None:
    """Write those that are new or different; most wait for the end of a job and are neither."""
    if not rows:
        return
    ids = [row[0] for row in rows]
    with store.reading() as db:
        known = db.execute(
            "SELECT * FROM book.live_calls WHERE id IN (SELECT unnest(?::VARCHAR[]))", [ids]
        ).fetchall()
    same = {row[0]: list(row) for row in known}
    changed = [row for row in rows if same.get(row[0]) != row]
    if not changed:
        return
    with store.writing() as db:
        db.execute(
            "DELETE FROM book.live_calls WHERE id IN (SELECT unnest(?::VARCHAR[]))",
            [[row[0] for row in changed]],
        )
        db.executemany("INSERT INTO book.live_calls VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", changed)
