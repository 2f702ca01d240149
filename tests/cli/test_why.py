"""Every statement about a call leads back to the words it rests on."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from voicectl.cli import statements, why
from voicectl.errors import NotFound
from voicectl.types import Audio, CallRecord, Segment, Transcript
from voicectl.understanding import Entity, Label, Risk, Score, Sentence, Summary, Verdict

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

SAID = ("hello", "he has a knife", "where are you", "my name is anna", "goodbye")
SEGMENTS = tuple(Segment(at, 10.0 * at, 10.0 * at + 5, text) for at, text in enumerate(SAID))
RECORD = CallRecord(
    "c1",
    "default",
    Audio("/a.wav", "a.wav", 70.0, 8000, 1, "pcm_mulaw", "0" * 64),
    datetime(2026, 11, 21, tzinfo=UTC),
    Transcript(SEGMENTS, "en", "tiny.en"),
    risks=(Risk("weapon", "knife", 1, 9, 14, "en"),),
    labels=(Label("a scheme", "physical_abuse", 0.815, (1, 3)),),
    summary=Summary((Sentence("he has a knife", (1,)), Sentence("my name is anna", (3,))), "m"),
    scores=(
        Score("form", "opening", Verdict.YES, (0,)),
        Score("form", "closing", Verdict.NO, ()),
    ),
    entities=(Entity("NAME", "anna", 3, 11, 15, 0.9),),
)


@pytest.mark.parametrize(
    ("asked", "segments"),
    [
        ("physical_abuse", [[1, 3]]),
        ("Physical abuse", [[1, 3]]),
        ("physical-abuse", [[1, 3]]),
        ("weapon", [[1]]),
        ("knife", [[1]]),
        ("opening", [[0]]),
        ("closing", [[]]),
        ("anna", [[3]]),
        ("NAME", [[3]]),
        ("summary", [[1], [3]]),
        ("summary 2", [[3]]),
        ("urgent", [[1]]),
        ("quality", [[0], []]),
    ],
)
def test_whatever_is_said_about_a_call_goes_by_its_name(
    asked: str, segments: list[list[int]]
) -> None:
    found = [why.reason(RECORD, each, 1) for each in why.meant(RECORD, asked)]
    assert [[s.segment for s in each.said if s.evidence] for each in found] == segments


def test_what_was_said_around_it_is_shown_beside_it() -> None:
    (label,) = why.meant(RECORD, "weapon")
    around = [(each.segment, each.evidence) for each in why.reason(RECORD, label, 1).said]
    assert around == [(0, False), (1, True), (2, False)]
    assert [each.segment for each in why.reason(RECORD, label, 0).said] == [1]


def test_a_name_that_is_not_there_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFound) as caught:
        why.meant(RECORD, "fysical abuse")
    assert "did you mean 'physical_abuse'?" in caught.value.hint
    with pytest.raises(NotFound) as caught:
        why.meant(replace(RECORD, risks=(), labels=(), summary=None, scores=(), entities=()), "x")
    assert "voicectl run helpline" in caught.value.hint


def test_every_statement_can_be_asked_for() -> None:
    for each in statements.of(RECORD):
        assert all(each in why.meant(RECORD, name) for name in each.names)


@pytest.mark.slow
def test_the_command_shows_the_words(settled: Cli) -> None:
    ran = settled.run("calls", "why", "last", "custody")
    assert ran.status == 2
    assert "nothing is said about the call" in ran.stderr
