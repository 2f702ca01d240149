"""Calls in sentences, the real embedder and the real rules for names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from voicectl.embedding import Embedder, EmbedOptions
from voicectl.errors import ModelMissing
from voicectl.recognition import EntityOptions
from voicectl.types import Segment
from voicectl_models import weights as on_disk
from voicectl_models.minilm import MiniLM
from voicectl_models.spoken_rules import SpokenRules


@pytest.fixture(scope="session")
def embedder(weights: Path) -> Embedder:
    try:
        found = on_disk.find("minilm", weights)
    except ModelMissing as error:
        pytest.skip(f"{error.text}; {error.hint}")
    return MiniLM(str(found.folder), found.name, EmbedOptions(threads=1))


@pytest.fixture(scope="session")
def rules(weights: Path) -> SpokenRules:
    return SpokenRules(str(weights / "base"), "base", EntityOptions())


@pytest.fixture(scope="session")
def said() -> Callable[..., list[Segment]]:
    """Segments that say these sentences; their ids begin at 10."""

    def segments(*texts: str, language: str | None = "en") -> list[Segment]:
        return [
            Segment(10 + at, 3.0 * at, 3.0 * at + 2.5, text, language=language)
            for at, text in enumerate(texts)
        ]

    return segments
