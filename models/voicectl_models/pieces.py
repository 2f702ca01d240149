"""Text as the pieces that a translation model reads; the only import of sentencepiece."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from voicectl_models import tokens

BY_LANGUAGE = ("source.spm", "target.spm")
SHARED = ("sentencepiece.bpe.model", "sentencepiece.model", "spiece.model")
FILES = (*BY_LANGUAGE[:1], *SHARED, tokens.FILE)
"""One of them is in every folder that can be used; the first that is there is taken."""


class Pieces(Protocol):
    """Text to pieces, and back."""

    def split(self, text: str) -> list[str]:
        """Return the pieces of a text."""

    def join(self, pieces: Sequence[str]) -> str:
        """Return the text of pieces."""


def of(folder: Path) -> Pieces | None:
    """Return what cuts text for the model in a folder; None when the folder has nothing that does.

    Raises whatever is wrong with its files.
    """
    name = next((name for name in FILES if (folder / name).is_file()), None)
    if name is None:
        return None
    if name == tokens.FILE:
        return _Tokenizer(folder)
    other = folder / BY_LANGUAGE[1]
    target = other if name == BY_LANGUAGE[0] and other.is_file() else folder / name
    return _SentencePiece(folder / name, target)


class _SentencePiece:
    def __init__(self, source: Path, target: Path) -> None:
        from sentencepiece import SentencePieceProcessor

        self._source: Any = SentencePieceProcessor(model_file=str(source))
        self._target: Any = SentencePieceProcessor(model_file=str(target))

    def split(self, text: str) -> list[str]:
        return list(self._source.encode(text, out_type=str))

    def join(self, pieces: Sequence[str]) -> str:
        return str(self._target.decode(list(pieces)))


class _Tokenizer:
    def __init__(self, folder: Path) -> None:
        self._tokenizer = tokens.tokenizer(folder)

    def split(self, text: str) -> list[str]:
        return self._tokenizer.encode(text, add_special_tokens=False).tokens

    def join(self, pieces: Sequence[str]) -> str:
        ids = [self._tokenizer.token_to_id(piece) for piece in pieces]
        return self._tokenizer.decode([id_ for id_ in ids if id_ is not None])
