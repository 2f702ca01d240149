"""What people say of a call stands beside what the machine found, with who said it."""

from __future__ import annotations

import getpass
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import WHEN, record
from voicectl.types import Done
from voicectl.understanding import Label
from voicectl_daemon.store import Store

if TYPE_CHECKING:
    from tests.cli.conftest import Cli


@pytest.fixture
def known(cli: Cli) -> Cli:
    """A site with two calls, one of them masked."""
    cli.home.mkdir(mode=0o700, parents=True)
    store = Store(cli.site.home.store)
    labels = (Label("child helpline", "custody", 0.6, (0,)),)
    store.save(record("aaa", "my aunt took her", "oh no", labels=labels), "key a")
    masked = Done("redact", "", "", WHEN, 0.1, "hash")
    store.save(record("bbb", "call [NAME_1]", labels=(), done=(masked,)), "key b")
    store.close()
    return cli


def test_a_rating_is_kept_and_shown(known: Cli) -> None:
    assert known.run("calls", "rate", "aaa", "4", "--note", "good").stdout == "aaa: 4 of 5\n"
    (kept,) = known.run("calls", "feedback", "aaa", "--json").json
    assert (kept["kind"], kept["rating"], kept["note"]) == ("rating", 4, "good")
    assert kept["who"] == getpass.getuser()
    assert "4 of 5 (good)  by " in known.run("calls", "show", "aaa").stdout
    assert known.run("calls", "rate", "aaa", "6").status == 2


def test_a_correction_leaves_what_the_machine_said(known: Cli) -> None:
    given = known.run("calls", "correct", "aaa", "--label", "neglect", "--not-label", "custody")
    assert given.stdout == "aaa: neglect\naaa: not custody\n", given.stderr
    shown = known.run("calls", "show", "aaa", "--json").json
    assert [label["name"] for label in shown["labels"]] == ["custody"]
    rows = known.run("sql", "select kind, scheme, label from feedback order by kind", "--json").json
    assert [(row["kind"], row["label"]) for row in rows] == [
        ("label", "neglect"),
        ("not label", "custody"),
    ]
    assert all(row["scheme"] for row in rows)


def test_examples_are_calls_as_they_were_corrected(known: Cli) -> None:
    known.run("calls", "correct", "aaa", "--not-label", "custody", "--label", "neglect")
    known.run("calls", "correct", "aaa", "--label", "custody")
    known.run("calls", "correct", "aaa", "--segment", "1", "--text", "oh, no!")
    known.run("calls", "correct", "bbb", "--label", "health")
    lines = known.run("calls", "feedback", "--jsonl").stdout.splitlines()
    first, second = map(json.loads, lines)
    assert first["text"] == "my aunt took her oh, no!"
    assert first["labels"] == ["custody", "neglect"]
    assert first["machine"] == ["custody"]
    assert (second["text"], second["labels"], second["masked"]) == (
        "call [NAME_1]",
        ["health"],
        True,
    )


REFUSED = {
    ("aaa",): "nothing is said about the call",
    ("aaa", "--label", "neglectt"): "did you mean 'neglect'?",
    ("aaa", "--label", "refund"): "called 'refund' in the scheme of this call",
    ("aaa", "--label", "healt"): "did you mean 'health'?",
    ("aaa", "--label", "health", "--not-label", "health"): "right and wrong",
    ("aaa", "--label", "health", "--scheme", "nix"): "no scheme called 'nix'",
    ("aaa", "--segment", "9", "--text", "x"): "has no segment 9",
    ("aaa", "--segment", "1"): "needs its segment, and a segment its text",
    ("bbb", "--segment", "0", "--text", "call Anna"): "the call is masked",
    ("zzz", "--label", "health"): "there is no call 'zzz'",
}


def test_what_makes_no_sense_is_refused(known: Cli) -> None:
    for words, said in REFUSED.items():
        ran = known.run("calls", "correct", *words)
        assert ran.status == 2
        assert said in ran.stderr


def test_feedback_goes_with_its_call(known: Cli) -> None:
    known.run("calls", "rate", "aaa", "1", "--note", "a telling note")
    known.run("calls", "rate", "bbb", "5")
    assert known.run("calls", "delete", "aaa", "--yes").status == 0
    assert [each["call"] for each in known.run("calls", "feedback", "--json").json] == ["bbb"]
    known.run("stop")
    known.wait_until(lambda: known.site.pid is None)
    assert b"telling note" not in known.site.home.store.read_bytes()


def test_what_was_put_right_is_hidden_once_the_call_is_masked(known: Cli) -> None:
    known.run("calls", "correct", "aaa", "--segment", "0", "--text", "my aunt Wanjiku took her")
    known.run("stop")
    known.wait_until(lambda: known.site.pid is None)
    store = Store(known.site.home.store)
    masked = Done("redact", "", "", WHEN, 0.1, "hash")
    store.save(record("aaa", "my aunt [NAME_1] took her", "oh no", done=(masked,)), "masked")
    store.close()
    (example,) = map(json.loads, known.run("calls", "feedback", "--jsonl").stdout.splitlines())
    assert example["text"] == "my aunt [NAME_1] took her oh no"
    ways = (
        ("calls", "feedback"),
        ("calls", "feedback", "aaa", "--json"),
        ("calls", "show", "aaa"),
        ("sql", "select * from feedback"),
    )
    for words in ways:
        told = known.run(*words)
        assert told.status == 0
        assert "Wanjiku" not in told.stdout
    assert "segment 0: hidden, the call is masked" in known.run("calls", "feedback").stdout


def test_a_call_that_is_done_anew_keeps_its_feedback(known: Cli) -> None:
    known.run("calls", "rate", "aaa", "3")
    known.run("stop")
    known.wait_until(lambda: known.site.pid is None)
    store = Store(known.site.home.store)
    store.save(replace(record("aaa", "something else"), created=WHEN), "another key")
    store.close()
    assert [each["rating"] for each in known.run("calls", "feedback", "aaa", "--json").json] == [3]
