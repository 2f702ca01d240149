"""What people note about calls: by commands, without a trick reaching the terminal."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import record
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def known(cli: Cli) -> Cli:
    """A site with two calls, of which nobody said anything."""
    cli.home.mkdir(mode=0o700, parents=True)
    store = Store(cli.site.home.store)
    store.save(record("aaa", "my aunt took her"), "key a")
    store.save(record("bbb", "oh no"), "key b")
    store.close()
    return cli


def test_a_flag_is_kept_shown_and_taken_away(known: Cli) -> None:
    flagged = known.run("calls", "flag", "aa", "--note", "look again")
    assert flagged.stdout == "aaa: flagged: look again\n", flagged.stderr
    assert (
        f"flagged: look again  by {getpass.getuser()}, " in known.run("calls", "show", "aaa").stdout
    )
    assert "Marks" not in known.run("calls", "show", "bbb").stdout
    (mark,) = known.run("calls", "marks", "--json").json
    assert (mark["call"], mark["kind"], mark["note"]) == ("aaa", "flag", "look again")
    assert known.run("calls", "flag", "aaa", "--off").stdout == "aaa: no flag\n"
    assert "nobody noted anything" in known.run("calls", "marks").stderr
    again = known.run("calls", "flag", "aaa", "--off")
    assert (again.status, "is not flagged" in again.stderr) == (2, True)


def test_a_note_has_no_tricks_and_is_taken_back(known: Cli) -> None:
    noted = known.run("calls", "note", "bbb", "call \x1b[31mback\x07")
    assert noted.stdout == "bbb: noted: call \\x1b[31mback\\x07\n", noted.stderr
    shown = known.run("calls", "marks", "bbb").stdout + known.run("calls", "show", "bbb").stdout
    assert "\x1b" not in shown
    (mark,) = known.run("calls", "marks", "bbb", "--json").json
    assert known.run("calls", "note", "bbb", " ").status == 2
    gone = known.run("calls", "unmark", "bbb", mark["id"])
    assert gone.stdout == f"bbb: no note {mark['id']}\n"
    assert known.run("calls", "unmark", "bbb", mark["id"]).status == 2
    assert "call" not in known.site.log


def test_an_escalation_that_nobody_hears_says_so(known: Cli) -> None:
    escalated = known.run("calls", "escalate", "last")
    assert escalated.status == 0
    assert "nobody is told: no [[webhook]] has the event call.escalated" in escalated.stderr
