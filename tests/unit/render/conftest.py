"""One call, as the formats get it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from voicectl.types import Audio, CallRecord, Segment, Transcript, Word

Call = Callable[..., CallRecord]
Say = Callable[..., Segment]


@pytest.fixture(scope="session")
def call() -> Call:
    """A call in which these segments were said."""

    def build(*segments: Segment, name: str = "a.wav") -> CallRecord:
        audio = Audio(f"/srv/{name}", name, 72.5, 8000, 2, "pcm_mulaw", "ab" * 32)
        transcript = Transcript(segments, "en", "small", speech_seconds=60.25)
        created = datetime(2024, 5, 1, tzinfo=UTC)
        return CallRecord("c1", "default", audio, created, transcript)

    return build


@pytest.fixture(scope="session")
def say() -> Say:
    """A segment whose words take half a second each, with half a second between them."""

    def build(text: str, start: float = 0.0, **fields: object) -> Segment:
        words = tuple(
            Word(start + place, start + place + 0.5, f" {word}", 0.9)
            for place, word in enumerate(text.split())
        )
        return Segment(0, start, words[-1].end, f" {text}", words=words, **fields)

    return build
