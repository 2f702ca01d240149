"""What fits into the prompt, counted by a tokenizer that makes a token of every letter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from voicectl.errors import UsageError
from voicectl.interfaces import TranscribeOptions
from voicectl_models.prompt import ROOM, fit, notes


def fitted(**options: Any) -> tuple[str | None, int]:
    found = fit(TranscribeOptions(**options), len)
    return found.hotwords, found.terms


def test_hotwords_come_before_the_vocabulary() -> None:
    assert fitted() == (None, 0)
    assert fitted(hotwords=" Otieno ") == ("Otieno", 0)
    assert fitted(vocabulary=("Kisumu", "Busia")) == ("Kisumu, Busia", 2)
    assert fitted(hotwords="Otieno", vocabulary=("Kisumu",)) == ("Otieno, Kisumu", 1)


def test_only_whole_terms_that_fit_are_used() -> None:
    terms = tuple(f"term {number:03}" for number in range(100))
    text, used = fitted(vocabulary=terms)
    assert text is not None
    assert text == ", ".join(terms[:used])
    assert len(f" {text}") <= ROOM < len(f" {text}, {terms[used]}")
    _, fewer = fitted(vocabulary=terms, initial_prompt="p" * 100)
    assert 0 < fewer < used


@pytest.mark.parametrize("flag", ["hotwords", "initial_prompt"])
def test_what_was_typed_is_never_cut(flag: str) -> None:
    with pytest.raises(UsageError, match=f"--{flag}: 301 tokens"):
        fitted(**{flag: "w" * 300})
    with pytest.raises(UsageError, match="--hotwords: 302 tokens with what comes before"):
        fitted(hotwords="w" * 150, initial_prompt="w" * 150)


def test_a_prefix_leaves_no_room() -> None:
    assert fitted(vocabulary=("Kisumu",), prefix="Hello") == (None, 0)


def test_notes_by_the_real_tokenizer(weights: Path) -> None:
    few = TranscribeOptions(vocabulary=("Kisumu", "Otieno"))
    assert notes(few, weights / "base") == []
    assert notes(few, weights / "no such folder") == []
    many = TranscribeOptions(vocabulary=tuple(f"Wanjiru {number}" for number in range(200)))
    (note,) = notes(many, weights / "base")
    assert "'base' listens for the first" in note
    assert "of 200 terms" in note
    (note,) = notes(TranscribeOptions(hotwords="a", prefix="b"), weights / "base")
    assert "--prefix" in note
