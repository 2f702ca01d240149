"""Summaries of sentences that were said, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl_recipes import classify, scheme, summary
from voicectl_recipes.classify import Prepared
from voicectl_recipes.template import Template

Said = Callable[..., list[Segment]]

CALL = (
    "Hello, is this the child helpline?",
    "Yes. Thank you for calling, how can I help you?",
    "My name is Grace. I call about the girl next door, she is twelve",
    "and her father wants to marry her off next month.",
    "I am sorry to hear that.",
    "She has not been at school since Easter.",
    "The best thing is to report it to the children's office.",
    "Okay. Thank you, goodbye.",
)


@pytest.fixture(scope="module")
def helpline(embedder: Embedder) -> Prepared:
    return classify.prepare(scheme.builtin("child-helpline"), embedder)


def test_it_says_what_the_call_is_about_in_its_own_words(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    made = summary.summarize(said(*CALL), helpline, embedder, Template(title="", sentences=2))
    assert len(made.sentences) == 2
    assert made.sentences[0].text == (
        "I call about the girl next door, she is twelve "
        "and her father wants to marry her off next month."
    )
    assert made.sentences[0].evidence == (12, 13)
    assert made.sentences[1].text == "She has not been at school since Easter."
    assert made.model == "minilm"


def test_what_is_asked_tells_less_than_what_is_told(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    call = said(
        "Hello, thank you for calling 116, what can I do for you?",
        "I am a teacher, one of my girls has not come to class for a week.",
        "What do you know about her?",
        "Her friends told me that her father has agreed to give her to an older man.",
        "Is there anything else that you want to talk about?",
    )
    made = summary.summarize(call, helpline, embedder, Template(title="", sentences=2))
    assert [each.evidence for each in made.sentences] == [(11,), (13,)]


def test_a_sentence_that_was_cut_goes_on_in_the_next_segment() -> None:
    before = Segment(0, 1.0, 2.5, "We will bring her to a centre before", "agent")
    after = Segment(1, 2.5, 4.0, "Saturday. Is there anything else?", "agent")
    whole = [each.text for each in summary.spoken([before, after])]
    assert whole == ["We will bring her to a centre before Saturday.", "Is there anything else?"]
    later = replace(after, start=2.6)
    assert next(summary.spoken([before, later])).text == before.text


def test_what_may_be_invented_is_never_said(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    call = said(*CALL)
    call[5] = replace(call[5], suspect="loop")
    made = summary.summarize(call, helpline, embedder, Template(title="", sentences=20))
    assert made.sentences
    assert all(15 not in sentence.evidence for sentence in made.sentences)
    assert "Easter" not in made.text


def test_a_sentence_does_not_reach_over_a_gap_or_another_speaker(said: Said) -> None:
    one, other = said("She said that", "nobody helps her.")
    assert len(list(summary.spoken([one, other]))) == 1
    assert len(list(summary.spoken([one, replace(other, id=one.id + 2)]))) == 2
    assert len(list(summary.spoken([one, replace(other, speaker="agent")]))) == 2


def test_without_full_stops_every_segment_is_a_sentence(said: Said) -> None:
    texts = ("he hits me", "and my brother", "every day")
    assert [each.text for each in summary.spoken(said(*texts))] == list(texts)


def test_nothing_said_is_an_empty_summary(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    for call in ([], said("", " "), said("Yes.", "No."), said(*CALL, language="fr")):
        assert summary.summarize(call, helpline, embedder).sentences == ()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text("aB .?!\n…", max_size=30), max_size=8))
def test_every_word_was_said_in_the_segments_it_names(texts: list[str]) -> None:
    call = [Segment(at, at, at + 1.0, text) for at, text in enumerate(texts)]
    made = list(summary.spoken([each for each in call if each.text.strip()]))
    for sentence in made:
        there = " ".join(" ".join(texts[at].split()) for at in sentence.evidence)
        assert " ".join(sentence.text.split()) in there
    words = " ".join(" ".join(texts).split())
    assert " ".join(" ".join(each.text for each in made).split()) == words
