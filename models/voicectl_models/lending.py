"""What a stage is lent where nobody listens, nothing is kept and nobody calls the work off."""

from __future__ import annotations

from collections.abc import Sequence

from voicectl.embedding import Embedder, EmbedOptions
from voicectl.generation import LanguageModel, ModelOptions
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
from voicectl.translation import TranslateOptions, Translator
from voicectl.types import Audio, Part, Segment
from voicectl_models import recording, speech
from voicectl_models.pool import Pool


class Lending:
    """The tools of a stage, all models from one pool; keeps the promises of `Tools`."""

    def __init__(self, pool: Pool) -> None:
        """Lend from `pool`, which may be shared."""
        self._pool = pool

    def recording(self, audio: Audio, channels: ChannelsWish, piece_seconds: float) -> Recording:
        """Open a recording that is read piece by piece."""
        return recording.Recorded(audio, channels, piece_seconds)

    def speech(self, clips: Sequence[Clip], options: TranscribeOptions) -> list[Clip]:
        """Return the clips levelled, with the regions in which somebody speaks."""
        return speech.find(clips, options)

    def transcriber(self, options: TranscribeOptions, language: str | None) -> Transcriber:
        """Return a loaded recogniser."""
        return self._pool.transcriber(options, language)

    def diarizer(self, options: DiarizeOptions) -> Diarizer:
        """Return a loaded diarizer."""
        return self._pool.diarizer(options)

    def embedder(self, options: EmbedOptions) -> Embedder:
        """Return a loaded embedder that gives up when nobody wants the work any more."""
        return self._pool.embedder(options, self.heed)

    def recognizer(self, options: EntityOptions) -> Recognizer:
        """Return a loaded recogniser of names and numbers."""
        return self._pool.recognizer(options)

    def language_model(self, options: ModelOptions) -> LanguageModel:
        """Return a language model."""
        return self._pool.language_model(options)

    def translator(self, options: TranslateOptions, source: str) -> Translator | None:
        """Return a loaded translator of text, or None where speech is to be translated."""
        return self._pool.translator(options, source)

    def segment(self, record: int, segment: Segment) -> None:
        """Tell nobody."""

    def progress(self, record: int, seconds: float) -> None:
        """Tell nobody."""

    def heed(self) -> None:
        """Go on."""

    def keep(self, record: int, part: Part) -> None:
        """Keep nothing."""

    def kept(self, record: int) -> Sequence[Part]:
        """Return nothing."""
        return ()
