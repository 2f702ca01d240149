"""Whisper by faster-whisper (CTranslate2): the default recogniser.

The library's own loop looks at 30 s at a time and at one recording at a time.
Here speech is found first, packed into windows (`windows`), and several
windows are recognised in one call (`packed`). Options that only make sense
when a recording is read in order (`condition_on_previous_text`,
`hallucination_silence_threshold`, no voice activity detection) take the
library's loop.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

from faster_whisper import WhisperModel

from voicectl.errors import ModelMissing
from voicectl.interfaces import RATE, Clip, Heed, TranscribeOptions
from voicectl.runners import RunnerInfo
from voicectl.types import Decoding, Segment
from voicectl_models import device, prompt, speech, suspect, windows
from voicectl_models.hearing import Hearing, as_words, mean_probability, rounded, shifted
from voicectl_models.language import probabilities
from voicectl_models.packed import CAREFUL_BEAMS, SURE_LANGUAGE, Bench
from voicectl_models.windows import Window

CHUNK = 8
"""So many batches are sorted by length together; their text comes out in order of time."""


class FasterWhisper:
    """One set of Whisper weights, loaded."""

    info: ClassVar[RunnerInfo] = RunnerInfo("faster-whisper", "transcribe", "MIT")

    def __init__(self, folder: str, name: str, options: TranscribeOptions) -> None:
        self.model = name
        where, precision = device.choose(options.device, options.compute_type)
        if where == "cuda":
            device.preload()
        cores = device.threads(options.threads, device.available_cores())
        # On a processor several batches side by side, on one core each, get through more
        # than one batch on all cores; the weights are shared between them.
        self._side_by_side = 1 if where == "cuda" or options.in_order else cores
        try:
            self._whisper = WhisperModel(
                folder,
                device=where,
                device_index=options.device_index,
                compute_type=precision,
                cpu_threads=cores // self._side_by_side,
                num_workers=self._side_by_side,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ModelMissing(
                f"the model '{name}' cannot be loaded: {error}",
                hint=f"check it with: voicectl models verify {name}",
            ) from error

    @classmethod
    def load_key(cls, options: TranscribeOptions) -> tuple[str, ...]:
        """Return what of the options decides how weights are loaded."""
        order = str(options.in_order)
        where = (options.device, str(options.device_index), options.compute_type)
        return (*where, str(options.threads), order)

    def transcribe(
        self,
        clips: Sequence[Clip],
        options: TranscribeOptions,
        language: str | None,
        heed: Heed,
    ) -> Iterator[tuple[int, Segment]]:
        """Yield `(index of the clip, segment)`, each clip's in order of time."""
        spoken = language or "en"
        if not self._whisper.model.is_multilingual:
            spoken = "en"
        if options.in_order:
            yield from self._in_order(clips, options, spoken, heed)
            return
        todo = windows.pack([clip.speech for clip in clips], _together(clips, spoken))
        todo.sort(key=lambda window: _begins(window, clips))
        bench = Bench(self._whisper, options, spoken, [clip.samples for clip in clips])
        count = CHUNK * options.batch_size
        progress = _Progress(len(todo), heed)
        with ThreadPoolExecutor(self._side_by_side) as pool:
            for first in range(0, len(todo), count):
                chunk = todo[first : first + count]
                heard = [
                    (clip, shifted(segment, clips[clip].offset))
                    for hearing in _heard(bench, chunk, options.batch_size, pool, progress)
                    for clip, segment in bench.segments(hearing)
                ]
                yield from sorted(heard, key=lambda one: (clips[one[0]].recording, one[1].start))

    def detect(self, clips: Sequence[Clip], options: TranscribeOptions) -> list[dict[str, float]]:
        """Return how likely each language is in each clip."""
        if not self._whisper.model.is_multilingual:
            return [{"en": 1.0} for _ in clips]
        return probabilities(self._whisper, clips, options.batch_size, self._side_by_side)

    def _in_order(
        self, clips: Sequence[Clip], options: TranscribeOptions, language: str, heed: Heed
    ) -> Iterator[tuple[int, Segment]]:
        hotwords = prompt.fit(options, self._count).hotwords
        for index, clip in enumerate(clips):
            if not clip.speech:
                continue
            found, _ = self._whisper.transcribe(
                clip.samples,
                language=language,
                task=options.task,
                vad_filter=options.vad_filter,
                vad_parameters=speech.vad_options(options),
                word_timestamps=True,
                hotwords=hotwords,
                **_decoding(options),
            )
            for segment in found:
                # NumPy's, when there are times of words
                heed(float(index + segment.end / clip.seconds) / len(clips))
                words = [
                    {"word": word.word, "start": word.start, "end": word.end}
                    | {"probability": word.probability}
                    for word in segment.words or ()
                ]
                signs = suspect.Signs(
                    segment.text, segment.avg_logprob, segment.no_speech_prob, language, True
                )
                decoding = Decoding(
                    seek=segment.seek,
                    tokens=tuple(segment.tokens),
                    temperature=rounded(segment.temperature),
                    avg_logprob=rounded(segment.avg_logprob),
                    compression_ratio=rounded(segment.compression_ratio),
                    no_speech_prob=rounded(segment.no_speech_prob),
                )
                heard = Segment(
                    id=segment.id,
                    start=rounded(segment.start, 3),
                    end=rounded(segment.end, 3),
                    text=segment.text.strip(),
                    language=language if options.task == "transcribe" else "en",
                    confidence=mean_probability(words),
                    words=as_words(words),
                    suspect=suspect.judge(signs, options),
                    decoding=decoding,
                )
                yield index, shifted(heard, clip.offset)

    def _count(self, text: str) -> int:
        return len(self._whisper.hf_tokenizer.encode(text, add_special_tokens=False).ids)


def _together(clips: Sequence[Clip], language: str) -> list[tuple[int, int]]:
    """Return for each clip with which others it may share a window; see decision 9."""
    sure = language == SURE_LANGUAGE
    return [(0 if sure else clip.recording, clip.group) for clip in clips]


class _Progress:
    """Counts windows that are done, from several threads."""

    def __init__(self, count: int, heed: Heed) -> None:
        self._count = count
        self._heed = heed
        self._done = 0.0
        self._lock = threading.Lock()

    def add(self, windows_done: float) -> None:
        """Tell how much is done; half of a window is to look at it again. Raises `Cancelled`."""
        with self._lock:
            self._done += windows_done
            self._heed(self._done / self._count)


def _heard(
    bench: Bench, chunk: Sequence[Window], size: int, pool: ThreadPoolExecutor, done: _Progress
) -> list[Hearing]:
    """Return what is in the windows of a chunk, in their order."""

    def work(indices: list[int]) -> list[tuple[int, Hearing]]:
        done.add(0)
        heard = bench.hear([chunk[index] for index in indices])
        done.add(len(indices) / 2)
        mended = bench.mend(heard)
        done.add(len(indices) / 2)
        return [
            (index, hearing)
            for index, better in zip(indices, mended, strict=True)
            for hearing in better
        ]

    found = [pair for pairs in pool.map(work, windows.batches(chunk, size)) for pair in pairs]
    return [hearing for _, hearing in sorted(found, key=lambda pair: pair[0])]


def _begins(window: Window, clips: Sequence[Clip]) -> tuple[int, float]:
    first = window.turns[0]
    return clips[first.clip].recording, clips[first.clip].offset + first.start / RATE


_SAME_NAME = (
    "best_of",
    "patience",
    "length_penalty",
    "repetition_penalty",
    "no_repeat_ngram_size",
    "initial_prompt",
    "prefix",
    "condition_on_previous_text",
    "compression_ratio_threshold",
    "no_speech_threshold",
    "hallucination_silence_threshold",
)


def _decoding(options: TranscribeOptions) -> dict[str, Any]:
    same = {name: getattr(options, name) for name in _SAME_NAME}
    return same | {
        "beam_size": options.beam_size or CAREFUL_BEAMS,
        "temperature": list(options.temperature),
        "suppress_tokens": list(options.suppress_tokens),
        "log_prob_threshold": options.logprob_threshold,
    }
