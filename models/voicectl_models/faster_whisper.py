"""Whisper by faster-whisper (CTranslate2): the default recogniser, and the only import of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.vad import VadOptions, get_speech_timestamps

from voicectl.errors import ModelMissing
from voicectl.interfaces import RATE, Clip, LanguageGuess, TranscribeOptions
from voicectl.types import Decoding, RunnerInfo, Segment, Word
from voicectl_models import device

if TYPE_CHECKING:
    from voicectl.interfaces import Samples

WINDOW_SECONDS = 30
"""What Whisper looks at in one go."""


class FasterWhisper:
    """One set of Whisper weights, loaded."""

    info: ClassVar[RunnerInfo] = RunnerInfo("faster-whisper", "transcribe", "MIT")

    def __init__(self, folder: str, name: str, options: TranscribeOptions) -> None:
        self.model = name
        where, precision = device.choose(options.device, options.compute_type)
        try:
            self._whisper = WhisperModel(
                folder,
                device=where,
                device_index=options.device_index,
                compute_type=precision,
                cpu_threads=device.threads(options.threads, device.available_cores()),
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelMissing(
                f"the model '{name}' cannot be loaded: {error}",
                hint=f"check it with: voicectl models verify {name}",
            ) from error

    def transcribe(
        self, clip: Clip, options: TranscribeOptions, language: str | None
    ) -> Iterator[Segment]:
        """Yield the segments of `clip` as they are found."""
        speech = self._speech(clip.samples, options)
        if not speech:
            return
        found, info = self._whisper.transcribe(
            clip.samples,
            language=language,
            task=options.task,
            vad_filter=options.vad_filter,
            vad_parameters=_vad(options),
            word_timestamps=True,
            **_decoding(options),
        )
        for segment in found:
            yield _segment(segment, clip.offset, info.language)

    def detect(self, clips: Sequence[Clip], options: TranscribeOptions) -> LanguageGuess:
        """Return the language of most of the first half minute of speech."""
        if not self._whisper.model.is_multilingual:
            return LanguageGuess("en", 1.0)
        parts = [
            clip.samples[region["start"] : region["end"]]
            for clip in clips
            for region in self._speech(clip.samples, options)
        ]
        if not parts:
            return LanguageGuess("en", 0.0)
        speech = np.concatenate(parts)[: WINDOW_SECONDS * RATE]
        _, _, all_probabilities = self._whisper.detect_language(speech)
        allowed = [
            (code, probability)
            for code, probability in all_probabilities
            if not options.languages or code in options.languages
        ]
        code, probability = max(allowed, key=lambda pair: pair[1], default=("en", 0.0))
        return LanguageGuess(code, float(probability))

    def _speech(self, samples: Samples, options: TranscribeOptions) -> list[dict[str, int]]:
        if not options.vad_filter:
            return [{"start": 0, "end": len(samples)}]
        return list(get_speech_timestamps(samples, _vad(options)))


def _vad(options: TranscribeOptions) -> VadOptions:
    return VadOptions(
        threshold=options.vad_threshold,
        min_speech_duration_ms=options.vad_min_speech_duration_ms,
        max_speech_duration_s=options.vad_max_speech_duration_s,
        min_silence_duration_ms=options.vad_min_silence_duration_ms,
    )


_SAME_NAME = (
    "beam_size",
    "best_of",
    "patience",
    "length_penalty",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "initial_prompt",
    "hotwords",
    "prefix",
    "condition_on_previous_text",
    "compression_ratio_threshold",
    "no_speech_threshold",
    "hallucination_silence_threshold",
)


def _decoding(options: TranscribeOptions) -> dict[str, Any]:
    same = {name: getattr(options, name) for name in _SAME_NAME}
    return same | {
        "temperature": list(options.temperature),
        "suppress_tokens": list(options.suppress_tokens),
        "log_prob_threshold": options.logprob_threshold,
    }


def _segment(found: Any, offset: float, language: str) -> Segment:
    words = tuple(
        Word(
            start=_round(offset + word.start, 3),
            end=_round(offset + word.end, 3),
            text=word.word,
            probability=_round(word.probability),
        )
        for word in found.words or ()
    )
    sure = sum(word.probability for word in words) / len(words) if words else None
    return Segment(
        id=found.id,
        start=_round(offset + found.start, 3),
        end=_round(offset + found.end, 3),
        text=found.text.strip(),
        language=language,
        confidence=None if sure is None else _round(sure),
        words=words,
        decoding=Decoding(
            seek=found.seek,
            tokens=tuple(found.tokens),
            temperature=_round(found.temperature),
            avg_logprob=_round(found.avg_logprob),
            compression_ratio=_round(found.compression_ratio),
            no_speech_prob=_round(found.no_speech_prob),
        ),
    )


def _round(number: float, digits: int = 4) -> float:
    """Return a plain float; some of the library's numbers are NumPy's."""
    return round(float(number), digits)
