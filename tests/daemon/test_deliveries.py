"""What webhooks are to be told, in a ledger that is told lies about the time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voicectl.webhook import Webhook
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.live.sessions import Sessions
from voicectl_daemon.webhooks import deliveries as pages
from voicectl_daemon.webhooks.deliveries import Deliveries, Fresh
from voicectl_daemon.webhooks.sending import PAUSES


def fresh(*bodies: str, hook: str = "crm") -> list[Fresh]:
    return [Fresh(hook, "default", "call.alert", body, body.encode()) for body in bodies]


def test_nothing_grows_without_end(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_WAITING", 3)
    monkeypatch.setattr(pages, "MOST_DEAD", 2)
    now = [1e9]
    book, hook = Deliveries(ledger, lambda: now[0]), make_hook()
    book.agree([hook])
    book.add(fresh("1", "2", "3", "4", hook="other"))
    for number in range(7):
        book.add(fresh(str(number)))
    (told,) = book.lines([hook])
    assert (told.waiting, told.dead, told.dropped) == (3, 2, 2)
    assert [(each.call, each.problem) for each in book.dead("crm", 9)] == [
        ("3", pages.TOO_MANY),
        ("2", pages.TOO_MANY),
    ]
    now[0] += pages.KEPT_SECONDS + 1
    book.tidy()
    assert ledger.rows("SELECT 1 FROM delivery") == []


def make_hook() -> Webhook:
    return Webhook(
        name="crm", url="http://127.0.0.1:9/x", events=("call.alert",), secret_file="/none"
    )


def test_claims_are_leased_and_come_back(ledger: Ledger) -> None:
    now = [1e9]
    book = Deliveries(ledger, lambda: now[0])
    book.agree([make_hook()])
    book.add(fresh("1", "2"))
    first = book.claim("crm", 40.0)
    second = book.claim("crm", 40.0)
    assert first is not None
    assert second is not None
    assert (first.body, second.body) == (b"1", b"2")
    assert book.claim("crm", 40.0) is None
    assert book.due_in("crm") == 40.0

    now[0] += 41
    again = book.claim("crm", 40.0)
    assert again == first
    assert book.failed("crm", first.id, "no", 300.0) == 1
    book.open()
    assert book.claim("crm", 40.0) == second
    assert book.claim("crm", 40.0) is None
    book.arrived("crm", second.id)
    now[0] += 301
    assert book.claim("crm", 40.0) == replace(first, attempts=1)


def test_a_clock_that_is_set_back_holds_up_nothing(ledger: Ledger) -> None:
    now = [2e9]
    book = Deliveries(ledger, lambda: now[0])
    book.add(fresh("1"))
    claimed = book.claim("crm", 40.0)
    assert claimed is not None
    book.failed("crm", claimed.id, "no", 300.0)
    book.add(fresh("2"))
    assert book.claim("crm", 40.0) is not None
    now[0] = 1e9
    assert book.claim("crm", 40.0) is not None
    assert book.claim("crm", 40.0) is not None


def test_pauses_grow_and_have_an_end() -> None:
    assert list(PAUSES) == sorted(PAUSES)
    assert 24 * 3600 < sum(PAUSES[:7]) < 29 * 3600
    assert len(PAUSES) == 11


def test_nothing_is_told_of_a_call_that_is_deleted(ledger: Ledger) -> None:
    book = Deliveries(ledger)
    book.add(fresh("call1", "call2"))
    Sessions(ledger).hush("call1")
    claimed = book.claim("crm", 40.0)
    assert claimed is not None
    assert claimed.call == "call2"
    assert book.claim("crm", 40.0) is None
