"""Everyday words, by what a recogniser holds to be one.

The vocabulary of a Whisper model has common words whole: ` daughter` is one token,
` otieno` is three. So the model that writes the text also tells which of its words
are rare, in the languages that it knows best, and no word list need be shipped.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl_models.entities.lines import fold, words_of

_SPACE = "\u0120"
"""How byte-level vocabularies write the space before a word."""
_HIDDEN = [*range(33), *range(127, 161), 173]
_BYTES = {chr(256 + at): byte for at, byte in enumerate(_HIDDEN)}
"""Bytes without a letter of their own have those from U+0100 on."""


class _Model(msgspec.Struct):
    vocab: dict[str, int]


class _Tokenizer(msgspec.Struct):
    model: _Model


@cache
def ordinary(tokenizer: Path) -> frozenset[str]:
    """Return the everyday words of a model's `tokenizer.json`; names are left out."""
    known = parse.json(tokenizer.read_bytes(), _Tokenizer).model.vocab
    plain = (_text(token[1:]) for token in known if token.startswith(_SPACE))
    words = {fold(word) for word in plain if word.islower()}
    return frozenset(words) - (words_of("names", "given") - words_of("names", "also_words"))


def _text(token: str) -> str:
    """Return a token without the alphabet of bytes: `Ã©` is é."""
    try:
        return bytes(_BYTES.get(letter, ord(letter)) for letter in token).decode()
    except ValueError:
        return ""
