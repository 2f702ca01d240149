"""What a recogniser is told before it listens: hotwords, vocabulary, a text that came before.

Whisper reads at most 223 tokens of it. Library and model would cut the rest
away without a word; here what does not fit is refused, or told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from voicectl.errors import UsageError
from voicectl.interfaces import TranscribeOptions
from voicectl_models import tokens

ROOM = 223
"""Tokens."""
BETWEEN = ", "

Count: TypeAlias = Callable[[str], int]
"""Returns how many tokens a text has."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What of the wishes fits into the prompt."""

    hotwords: str | None
    terms: int
    """How many terms of the vocabulary, from the first on."""


def fit(options: TranscribeOptions, count: Count) -> Fit:
    """Return the hotwords with as many terms of the vocabulary as there is room for.

    Raises `UsageError` when what was typed by itself is too long.
    """
    said = (("--initial_prompt", options.initial_prompt), ("--hotwords", options.hotwords))
    used = 0
    for flag, text in said:
        used += count(f" {text.strip()}") if text else 0
        if used > ROOM:
            raise UsageError(
                f"{flag}: {used} tokens with what comes before; the model reads at most {ROOM}",
                hint="shorten it; about four letters are a token",
            )
    own = options.hotwords.strip() if options.hotwords else ""
    terms = options.vocabulary if options.prefix is None else ()
    chosen, room = _as_many(own, terms, ROOM - used, count)
    return Fit(chosen or None, room)


def _as_many(own: str, terms: Sequence[str], room: int, count: Count) -> tuple[str, int]:
    text, base = own, count(f" {own}") if own else 0
    for number, term in enumerate(terms):
        longer = BETWEEN.join(part for part in (text, term) if part)
        if count(f" {longer}") - base > room:
            return text, number
        text = longer
    return text, len(terms)


def notes(options: TranscribeOptions, folder: Path) -> list[str]:
    """Return what a user must know of how their words fit a model, as sentences.

    Raises `UsageError` when something does not fit at all.
    """
    asked = options.hotwords or options.initial_prompt or options.vocabulary
    if not asked or not (folder / "tokenizer.json").is_file():
        return []
    found = fit(options, _counter(folder))
    if options.prefix is not None and (options.hotwords or options.vocabulary):
        return ["with --prefix neither hotwords nor the vocabulary are used"]
    if left := len(options.vocabulary) - found.terms:
        return [
            f"the vocabulary is too long: the model '{folder.name}' listens for the first "
            f"{found.terms} of {len(options.vocabulary)} terms, the other {left} are left out"
        ]
    return []


def _counter(folder: Path) -> Count:
    tokenizer = tokens.tokenizer(folder)
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
