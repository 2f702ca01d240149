"""How translation models are told languages: by tokens of their own, or not at all."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from voicectl import parse

_PAIR = re.compile(r"(?<![a-z0-9])(?=([a-z]{2,3})[-_]([a-z]{2,3})(?![a-z0-9]))")
"""In the name of a model of one pair, towards its end: `opus-mt-pt-en`."""


@cache
def _flores() -> dict[str, str]:
    table = Path(__file__).with_name("codes.toml").read_bytes()
    return parse.toml(table, dict[str, str])


@dataclass(frozen=True, slots=True)
class Codes:
    """What a model understands of languages."""

    tokens: frozenset[str]
    """Tokens that stand for languages: NLLB's `swh_Latn`, M2M-100's `__sw__`, OPUS' `>>swh<<`."""
    pair: tuple[str, str] | None
    """Of a model of one pair, where its name tells it; what a name does not tell is believed."""

    @classmethod
    def of(cls, vocabulary: Collection[str], name: str) -> Codes:
        """Return what the vocabulary and the name of a model tell."""
        marks = re.compile(r"[a-z]{3}_[A-Z][a-z]{3}|__[a-z]{2,3}__|>>[A-Za-z_]+<<")
        found = [pair for pair in _PAIR.findall(name.lower()) if _known(*pair)]
        tokens = frozenset(token for token in vocabulary if marks.fullmatch(token))
        return cls(tokens, found[-1] if found and not tokens else None)

    def token(self, language: str) -> str | None:
        """Return the token of a language; None when the model has none."""
        flores = _flores().get(language, "")
        three = flores[:3]
        named = (flores, f"__{language}__", f">>{language}<<", f">>{three}<<", f">>{flores}<<")
        return next((each for each in named if each in self.tokens), None)

    def knows(self, source: str, target: str) -> bool:
        """True when the model translates between these languages, as far as it tells."""
        if self.pair is not None:
            return _same(source, self.pair[0]) and _same(target, self.pair[1])
        if not self.tokens:
            return True
        # A model with one source language is told the target alone.
        return self.token(target) is not None and (
            self.told_target_only or self.token(source) is not None
        )

    @property
    def told_target_only(self) -> bool:
        """True when the target stands before the text, and nothing says what that is in."""
        return any(token.startswith(">>") for token in self.tokens)


def _known(*languages: str) -> bool:
    every = {each for short, flores in _flores().items() for each in (short, flores[:3])}
    return every.issuperset(languages)


def _same(language: str, other: str) -> bool:
    return other in (language, _flores().get(language, "")[:3])
