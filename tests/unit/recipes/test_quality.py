"""Quality forms: what words can tell is told with its segments, the rest is left open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from voicectl.embedding import Embedder
from voicectl.errors import UnknownName, UsageError
from voicectl.types import Segment
from voicectl.understanding import Score, Verdict
from voicectl_recipes import quality

Said = Callable[..., list[Segment]]

MIDDLE = ("he beats me", "since when does he do that", "since last year", "where do you live")


def assessed(call: list[Segment], embedder: Embedder) -> dict[str, Score]:
    form = quality.prepare(quality.builtin("helpline-quality"), embedder)
    return {score.name: score for score in quality.assess(call, form, embedder)}


def test_opening_and_closing_are_found_with_their_segments(said: Said, embedder: Embedder) -> None:
    call = said(
        "good morning thank you for calling",
        "you have reached the children's helpline how can i help you",
        *MIDDLE,
        "call us again any time",
        "take care",
    )
    scores = assessed(call, embedder)
    assert scores["opening"].verdict is Verdict.YES
    assert scores["opening"].evidence == (10, 11)
    assert scores["closing"].verdict is Verdict.YES
    assert scores["closing"].evidence == (16,)
    assert scores["hold"].verdict is Verdict.NOT_APPLICABLE


def test_half_an_opening_is_partly_and_none_is_no(said: Said, embedder: Embedder) -> None:
    half = assessed(said("thank you for calling", *MIDDLE, "okay then"), embedder)
    assert half["opening"].verdict is Verdict.PARTLY
    assert half["opening"].evidence == (10,)
    none = assessed(said("yes what is it", *MIDDLE, "well that is life"), embedder)
    assert none["opening"].verdict is Verdict.NO
    assert none["closing"].verdict is Verdict.NO
    assert none["closing"].evidence == ()


def test_one_segment_may_do_several_things(said: Said, embedder: Embedder) -> None:
    call = said(
        "Good morning, child help line, who am I talking to?",
        *MIDDLE,
        "I will look it up for you. Please hold the line for a moment.",
        "Thank you for waiting. It is in the county building on the second floor.",
        *MIDDLE,
        "The hospital has a social worker who can help with that, goodbye.",
    )
    scores = assessed(call, embedder)
    assert [scores[name].verdict for name in ("opening", "hold", "closing")] == [Verdict.YES] * 3
    assert [scores[name].evidence for name in ("opening", "hold", "closing")] == [
        (10,),
        (15, 16),
        (21,),
    ]


def test_who_was_left_waiting_without_thanks(said: Said, embedder: Embedder) -> None:
    rude = assessed(said("hold the line please", *MIDDLE), embedder)
    assert rude["hold"].verdict is Verdict.PARTLY
    polite = assessed(said("hold the line please", "thank you for waiting", *MIDDLE), embedder)
    assert polite["hold"].verdict is Verdict.YES
    assert polite["hold"].evidence == (10, 11)


def test_what_needs_an_ear_is_not_assessed(said: Said, embedder: Embedder) -> None:
    scores = assessed(said("i understand you so well", *MIDDLE), embedder)
    for name in ("listening", "empathy", "proactiveness", "resolution"):
        assert scores[name] == Score("helpline quality", name, Verdict.NOT_ASSESSED, ())


def test_the_caller_opens_nothing_for_the_agent(said: Said, embedder: Embedder) -> None:
    caller, agent = said("hello thank you for calling how can i help you", "what do you want")
    call = [replace(caller, speaker="caller"), replace(agent, speaker="agent")]
    assert assessed(call, embedder)["opening"].verdict is Verdict.NO


def test_where_nothing_can_be_read_nothing_is_assessed(said: Said, embedder: Embedder) -> None:
    for call in ([], said("karibu", language="sw")):
        scores = assessed(call, embedder)
        assert {score.verdict for score in scores.values()} == {Verdict.NOT_ASSESSED}


OURS = """
title = "ours"
[[criterion]]
name = "opening"
title = "Opening"
question = "Hm?"
"""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("question", "questions"), "question"),
        (('question = "Hm?"', 'question = "Hm?"\nplace = "middle"'), "middle"),
        (('question = "Hm?"', 'question = "Hm?"\nonly_after = ["Wait."]'), "only_after"),
        (('title = "ours"', 'title = "ours"\nedge = 0'), "edge"),
        (("[[criterion]]", '[[criterion]]\nname = "x"\n[[criterion]]'), "title"),
    ],
)
def test_what_is_wrong_is_named(change: tuple[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        quality.read(OURS.replace(*change, 1).encode(), "ours.toml")


def test_a_criterion_twice_or_a_form_nobody_ships() -> None:
    twice = OURS + OURS.partition("\n")[2].partition("\n")[2]
    with pytest.raises(UsageError, match="same name"):
        quality.read(twice.encode(), "ours.toml")
    with pytest.raises(UnknownName, match="there is no form called 'quality'"):
        quality.builtin("quality")
