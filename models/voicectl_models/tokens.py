"""Tokenizers as models bring them; the only import of tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE = "tokenizer.json"
"""Of the folder of a model."""


def tokenizer(folder: Path) -> Tokenizer:
    """Return the tokenizer in the folder of a model. Raises whatever is wrong with its file."""
    from tokenizers import Tokenizer  # only who has words to count waits for it

    return Tokenizer.from_file(str(folder / FILE))
