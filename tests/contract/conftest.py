"""What a stage is lent, with real models and nobody who listens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from voicectl.embedding import Embedder, EmbedOptions
from voicectl.interfaces import (
    ChannelsWish,
    Clip,
    DiarizeOptions,
    Diarizer,
    Recording,
    TranscribeOptions,
    Transcriber,
)
from voicectl.recognition import EntityOptions, Recognizer
from voicectl.types import Audio, Part, Segment
from voicectl_models import speech
from voicectl_models.pool import Pool
from voicectl_models.recording import Recorded


class Alone:
    """The tools of a stage without a daemon."""

    def __init__(self, models: Path) -> None:
        self.pool = Pool(models)

    def recording(self, audio: Audio, channels: ChannelsWish, piece_seconds: float) -> Recording:
        return Recorded(audio, channels, piece_seconds)

    def speech(self, clips: Sequence[Clip], options: TranscribeOptions) -> list[Clip]:
        return speech.find(clips, options)

    def transcriber(self, options: TranscribeOptions, language: str | None) -> Transcriber:
        return self.pool.transcriber(options, language)

    def diarizer(self, options: DiarizeOptions) -> Diarizer:
        return self.pool.diarizer(options)

    def embedder(self, options: EmbedOptions) -> Embedder:
        return self.pool.embedder(options)

    def recognizer(self, options: EntityOptions) -> Recognizer:
        return self.pool.recognizer(options)

    def segment(self, record: int, segment: Segment) -> None: ...

    def progress(self, record: int, seconds: float) -> None: ...

    def heed(self) -> None: ...

    def keep(self, record: int, part: Part) -> None: ...

    def kept(self, record: int) -> Sequence[Part]:
        return ()


@pytest.fixture(scope="session")
def tools(weights: Path) -> Alone:
    return Alone(weights)
