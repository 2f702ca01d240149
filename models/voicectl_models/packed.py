"""Several windows of speech recognised in one call, and doubtful ones once more with care."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, merge_punctuations

from voicectl.interfaces import RATE, TranscribeOptions
from voicectl.types import Decoding, Segment
from voicectl_models import prompt, suspect, windows
from voicectl_models.hearing import Hearing, as_words, mean_probability, rounded, tightened
from voicectl_models.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples

FRAMES_PER_SECOND = 100
"""Of Whisper's spectrogram."""
PREPENDED = "\"'“¿([{-"
"""Punctuation that belongs to the next word."""
UNHEARD_SECONDS = 2.0
"""So much speech without a word in a window is a reason to listen again."""
APPENDED = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word before."""


class Bench:
    """Recognises windows of some clips, all in one language."""

    def __init__(
        self,
        whisper: WhisperModel,
        options: TranscribeOptions,
        language: str,
        clips: Sequence[Samples],
    ) -> None:
        self._whisper = whisper
        self._options = options
        self._language = language
        self._clips = clips
        self._tokenizer = Tokenizer(
            whisper.hf_tokenizer,
            whisper.model.is_multilingual,
            task=options.task,
            language=language,
        )
        before = f" {options.initial_prompt.strip()}" if options.initial_prompt else ""
        self._prompt = whisper.get_prompt(
            self._tokenizer,
            self._tokenizer.encode(before) if before else [],
            prefix=options.prefix,
            hotwords=prompt.fit(options, lambda text: len(self._tokenizer.encode(text))).hotwords,
        )
        self._suppressed = get_suppressed_tokens(self._tokenizer, list(options.suppress_tokens))

    def hear(self, several: Sequence[Window]) -> list[Hearing]:
        """Recognise windows of like length in one call."""
        longest = max(window.seconds for window in several) + windows.MARGIN_SECONDS
        seconds = min(max(longest, windows.SHORTEST_SECONDS), windows.FULL_SECONDS)
        encoded = self._encode(several, seconds)
        results = self._whisper.model.generate(
            encoded,
            [self._prompt] * len(several),
            beam_size=self._options.beam_size,
            patience=self._options.patience,
            sampling_temperature=self._options.temperature[0],
            **self._limits(seconds),
        )
        found = [
            (result.sequences_ids[0], result.scores[0], result.no_speech_prob) for result in results
        ]
        return self._aligned(several, encoded, found, self._options.temperature[0])

    def mend(self, hearing: Hearing) -> list[Hearing]:
        """Return the hearing, or better ones where it cannot be believed.

        Each turn is recognised again by itself in a full window, at rising
        temperatures until the result can be believed, as whisper does.
        """
        if not self._doubtful(hearing):
            return [hearing]
        return [self._again(window) for window in windows.alone(hearing.window)]

    def _again(self, window: Window) -> Hearing:
        encoded = self._encode([window], windows.FULL_SECONDS)
        best: Hearing | None = None
        for temperature in self._options.temperature:
            warm = temperature > 0
            result = self._whisper.model.generate(
                encoded,
                [self._prompt],
                beam_size=1 if warm else max(self._options.beam_size, 5),
                num_hypotheses=self._options.best_of if warm else 1,
                sampling_topk=0 if warm else 1,
                sampling_temperature=temperature,
                **self._limits(windows.FULL_SECONDS),
            )[0]
            found = (result.sequences_ids[0], result.scores[0], result.no_speech_prob)
            hearing = self._aligned([window], encoded, [found], temperature)[0]
            if not self._doubtful(hearing):
                return hearing
            if best is None or hearing.avg_logprob > best.avg_logprob:
                best = hearing
            if self._silent(hearing):
                break
        assert best is not None  # noqa: S101, there is at least one temperature
        return best

    def _silent(self, hearing: Hearing) -> bool:
        limit = self._options.no_speech_threshold
        return limit is not None and hearing.no_speech_prob > limit

    def _doubtful(self, hearing: Hearing) -> bool:
        return hearing.unheard_seconds() > UNHEARD_SECONDS or suspect.unbelievable(
            hearing.text,
            len(hearing.tokens),
            hearing.window.seconds,
            hearing.avg_logprob,
            self._options,
        )

    def segments(self, hearing: Hearing) -> Iterator[tuple[int, Segment]]:
        """Yield `(clip, segment)`: the words cut where the model or the turn ends a segment."""
        ends = _segment_ends(hearing.tokens, self._tokenizer)
        parts: list[tuple[int, list[dict[str, Any]]]] = []
        seen, last = 0, (-1, -1)
        for word in hearing.words:
            turn = hearing.window.turn_at((word["start"] + word["end"]) / 2)
            segment = sum(end <= seen for end in ends)
            seen += len(word["tokens"])
            if (turn, segment) != last:
                parts.append((turn, []))
                last = (turn, segment)
            parts[-1][1].append(word)
        count = [turn for turn, _ in parts]
        for turn, words in parts:
            heard = self._segment(hearing, turn, words, whole_turn=count.count(turn) == 1)
            if heard.text:
                yield hearing.window.turns[turn].clip, heard

    def _segment(
        self, hearing: Hearing, turn: int, words: list[dict[str, Any]], *, whole_turn: bool
    ) -> Segment:
        place = hearing.window.turns[turn]
        text = "".join(word["word"] for word in words).strip()
        timed = [
            word | {"start": place.in_clip(word["start"]), "end": place.in_clip(word["end"])}
            for word in tightened(words)
        ]
        signs = suspect.Signs(
            text, hearing.avg_logprob, hearing.no_speech_prob, self._language, whole_turn
        )
        return Segment(
            id=0,
            start=rounded(timed[0]["start"], 3),
            end=rounded(timed[-1]["end"], 3),
            text=text,
            language=self._language if self._options.task == "transcribe" else "en",
            confidence=mean_probability(words),
            words=as_words(timed),
            suspect=suspect.judge(signs, self._options),
            decoding=Decoding(
                seek=round(place.start / RATE * FRAMES_PER_SECOND),
                tokens=tuple(token for word in words for token in word["tokens"]),
                temperature=rounded(hearing.temperature),
                avg_logprob=rounded(hearing.avg_logprob),
                compression_ratio=rounded(suspect.compression_ratio(text)),
                no_speech_prob=rounded(hearing.no_speech_prob),
            ),
        )

    def _limits(self, seconds: float) -> dict[str, Any]:
        """Return what bounds every call of the decoder."""
        options, room = self._options, int(16 + suspect.FASTEST_SPEECH * seconds)
        return {
            "length_penalty": options.length_penalty,
            "repetition_penalty": options.repetition_penalty,
            "no_repeat_ngram_size": options.no_repeat_ngram_size,
            "max_length": min(self._whisper.max_length, len(self._prompt) + room),
            "suppress_tokens": self._suppressed,
            "return_scores": True,
            "return_no_speech_prob": True,
            "max_initial_timestamp_index": 50,
        }

    def _encode(self, several: Sequence[Window], seconds: float) -> Any:
        frames = int(np.ceil(seconds * FRAMES_PER_SECOND / 2) * 2)
        length = frames * RATE // FRAMES_PER_SECOND
        features: list[NDArray[np.float32]] = [
            self._whisper.feature_extractor(window.fill(self._clips, length))[..., :frames]
            for window in several
        ]
        return self._whisper.encode(np.stack(features))

    def _aligned(
        self,
        several: Sequence[Window],
        encoded: Any,
        found: Sequence[tuple[list[int], float, float]],
        temperature: float,
    ) -> list[Hearing]:
        text_tokens = [
            [token for token in tokens if token < self._tokenizer.eot] for tokens, _, _ in found
        ]
        frames = [
            min(round(window.seconds * FRAMES_PER_SECOND), int(encoded.shape[1]) * 2)
            for window in several
        ]
        words = self._whisper.find_alignment(self._tokenizer, text_tokens, encoded, frames)
        hearings = []
        for window, (tokens, score, no_speech), text, aligned in zip(
            several, found, text_tokens, words, strict=True
        ):
            merge_punctuations(aligned, PREPENDED, APPENDED)
            length = len(tokens)
            logprob = score * length**self._options.length_penalty / (length + 1)
            hearings.append(
                Hearing(
                    window,
                    tokens,
                    self._tokenizer.decode(text),
                    logprob,
                    no_speech,
                    temperature,
                    [word for word in aligned if word["word"]],
                )
            )
        return hearings


def _segment_ends(tokens: Sequence[int], tokenizer: Tokenizer) -> list[int]:
    """Return after how many text tokens the model ended a segment by a timestamp."""
    ends, seen = [], 0
    for token in tokens:
        if token < tokenizer.eot:
            seen += 1
        elif token >= tokenizer.timestamp_begin and seen and seen not in ends:
            ends.append(seen)
    return ends
