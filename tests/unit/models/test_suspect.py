"""Invented text is flagged; what people really say is not."""

from __future__ import annotations

import pytest

from voicectl.interfaces import TranscribeOptions
from voicectl_models import suspect
from voicectl_models.suspect import Signs, judge, longest_loop, unbelievable

OPTIONS = TranscribeOptions()


def signs(text: str, logprob: float = -0.2, no_speech: float = 0.01, **more: object) -> Signs:
    given: dict[str, object] = {"language": "en", "whole_turn": True} | more
    return Signs(text, logprob, no_speech, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "I'm going to do it. " * 12,
        "no no no no " * 8,
        "help me please help me please help me please help me please help me please",
    ],
)
def test_a_loop_is_flagged(text: str) -> None:
    assert judge(signs(text), OPTIONS) == suspect.LOOP


@pytest.mark.parametrize(
    "text",
    [
        "Please hold while I try to locate the person you're calling.",
        "no no no, that is not what I said",
        "my number is oh seven double two, one two three, one two three",
        "yes",
    ],
)
def test_what_people_say_is_not_flagged(text: str) -> None:
    assert judge(signs(text), OPTIONS) is None


def test_silence_needs_both_signs() -> None:
    assert judge(signs("hello", -1.4, 0.9), OPTIONS) == suspect.SILENCE
    assert judge(signs("hello", -0.3, 0.9), OPTIONS) is None
    assert judge(signs("hello there", -1.4, 0.1), OPTIONS) is None


def test_a_phrase_counts_only_in_doubt_and_alone() -> None:
    assert judge(signs("Thanks for watching!", -0.9, 0.2), OPTIONS) == suspect.PHRASE
    assert judge(signs("Thank you.", -0.1, 0.05), OPTIONS) is None
    assert judge(signs("Thank you.", -0.9, 0.2, whole_turn=False), OPTIONS) is None


def test_phrases_are_by_language() -> None:
    doubtful = signs("Merci beaucoup.", -0.9, 0.5, language="fr")
    assert judge(doubtful, OPTIONS) == suspect.PHRASE
    assert judge(signs("Merci beaucoup.", -0.9, 0.5, language="sw"), OPTIONS) is None


def test_the_gates_can_be_turned_off() -> None:
    off = TranscribeOptions(compression_ratio_threshold=None, no_speech_threshold=None)
    assert judge(signs("I'm going to do it. " * 12), off) is None
    assert judge(signs("hello", -1.4, 0.9), off) is None


@pytest.mark.parametrize(
    ("text", "times"),
    [("", 1), ("one two three", 1), ("a b a b a b", 3), ("so so so so so so", 3)],
)
def test_the_longest_loop_is_counted(text: str, times: int) -> None:
    assert longest_loop(text) == times


def test_more_tokens_than_anybody_can_speak_are_not_believed() -> None:
    assert unbelievable("short", 60, 1.0, -0.1, OPTIONS)
    assert not unbelievable("short", 10, 1.0, -0.1, OPTIONS)
