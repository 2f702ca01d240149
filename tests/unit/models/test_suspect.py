"""Invented text is flagged; what people really say is not."""

from __future__ import annotations

from typing import Any

import pytest

from voicectl.interfaces import TranscribeOptions
from voicectl_models import suspect
from voicectl_models.suspect import Signs, judge, longest_loop, unbelievable

OPTIONS = TranscribeOptions()


def signs(text: str, logprob: float = -0.2, no_speech: float = 0.01, **more: Any) -> Signs:
    given: dict[str, Any] = {"language": "en", "whole_turn": True} | more
    return Signs(text, logprob, no_speech, **given)


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


@pytest.mark.parametrize("text", [".", ". . .", "♪"])
def test_what_has_no_word_was_not_said(text: str) -> None:
    assert judge(signs(text), OPTIONS) == suspect.SILENCE
    assert judge(signs(f"7 {text}"), OPTIONS) is None


def test_a_phrase_counts_only_in_doubt_and_alone() -> None:
    assert judge(signs("Thanks for watching!", -0.9, 0.2), OPTIONS) == suspect.PHRASE
    assert judge(signs("Thank you.", -0.1, 0.05), OPTIONS) is None
    assert judge(signs("Thank you.", -0.9, 0.2, whole_turn=False), OPTIONS) is None


def test_phrases_are_by_language() -> None:
    doubtful = signs("Merci beaucoup.", -0.9, 0.5, language="fr")
    assert judge(doubtful, OPTIONS) == suspect.PHRASE
    assert judge(signs("Merci beaucoup.", -0.9, 0.5, language="sw"), OPTIONS) is None


def test_a_translation_is_english_whatever_is_spoken() -> None:
    translated = TranscribeOptions(task="translate")
    doubtful = signs("Thanks for watching!", -0.9, 0.2, language="sw")
    assert judge(doubtful, translated) == suspect.PHRASE
    assert judge(doubtful, OPTIONS) is None


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


LANGUAGES = ("ar", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "ro", "ru", "sv", "sw", "tr")
SAID = {
    "en": "Thank you, my daughter is safe now.",
    "sw": "Asante sana, mtoto wangu yuko salama sasa.",
    "es": "Muchas gracias, mi hija ya está a salvo.",
    "fr": "Merci beaucoup, ma fille est en sécurité.",
    "pt": "Muito obrigado, a minha filha está segura.",
    "de": "Vielen Dank, meine Tochter ist in Sicherheit.",
    "it": "Grazie, mia figlia adesso è al sicuro.",
    "nl": "Dank u wel, mijn dochter is nu veilig.",
    "ar": "شكرا ابنتي في أمان الآن",
    "pl": "Dziękuję, moja córka jest bezpieczna.",
    "sv": "Tack, min dotter är i säkerhet nu.",
    "ro": "Mulțumesc, fiica mea este în siguranță.",
    "tr": "Teşekkürler, kızım şimdi güvende.",
    "ru": "Спасибо, моя дочь в безопасности.",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_phrases_count_alone_and_in_doubt_in_every_language(language: str) -> None:
    known = suspect.phrases(language)
    assert len(known) >= 3
    for phrase in known:
        assert judge(signs(phrase, -0.9, 0.2, language=language), OPTIONS) == suspect.PHRASE
        assert judge(signs(phrase, -0.2, 0.05, language=language), OPTIONS) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_that_begins_like_a_phrase_is_not_one(language: str) -> None:
    assert judge(signs(SAID[language], -0.9, 0.2, language=language), OPTIONS) is None


def test_nothing_but_told_words_in_doubt_is_a_phrase() -> None:
    told = TranscribeOptions(hotwords="Busia", vocabulary=("Otieno Wanjiru", "Kisumu"))
    assert judge(signs("Kisumu, Otieno.", -0.9, 0.2), told) == suspect.PHRASE
    assert judge(signs("Wanjiru, Kanjiru, Kanjiru", -0.8, 0.3), told) == suspect.PHRASE
    assert judge(signs("Kisumu.", -0.2, 0.05), told) is None
    assert judge(signs("From Kisumu.", -0.9, 0.2), told) is None
    assert judge(signs("Kisumu.", -0.9, 0.2), OPTIONS) is None
