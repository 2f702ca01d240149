"""Several windows of speech recognised in one call, and doubtful ones once more with care."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import get_suppressed_tokens, merge_punctuations

from voicectl.interfaces import RATE, TranscribeOptions
from voicectl.types import Decoding, Segment
from voicectl_models import prompt, suspect, windows
from voicectl_models.encoded import FRAMES_PER_SECOND, Encoded, encode
from voicectl_models.hearing import Hearing, as_words, mean_probability, rounded, tightened
from voicectl_models.windows import Window

if TYPE_CHECKING:
    from voicectl.interfaces import Samples

PREPENDED = "\"'“¿([{-"
"""Punctuation that belongs to the next word."""
UNHEARD_SECONDS = 2.0
"""So much speech without a word in a window is a reason to listen again."""
CAREFUL_BEAMS = 5
"""At least so many hypotheses are followed when a turn is heard again."""
APPENDED = "\"'.。,，!！?？:：”)]}、"
"""Punctuation that belongs to the word before."""


SURE_LANGUAGE = "en"
"""The language of most of what Whisper learnt from; it is heard with less effort than others."""
SURE_LOGPROB = -0.25
"""Mean log probability of a token from which on one hypothesis is enough."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the decoder wrote for one window."""

    tokens: list[int]
    logprob: float
    """Mean over the tokens and the end."""
    no_speech: float
    temperature: float

    @classmethod
    def of(cls, tokens: list[int], total: float, no_speech: float, temperature: float) -> Decoded:
        """Make it of the sum of the log probabilities."""
        return cls(tokens, total / (len(tokens) + 1), no_speech, temperature)


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
        """Recognise windows of like length in one call.

        Unless a number of beams is asked for, English is heard with one
        hypothesis first, and with `CAREFUL_BEAMS` where the model is not sure of
        it: that finds better words in difficult speech. In a window of several
        recordings it does not: what they say has nothing to do with each other,
        and whole turns are lost.
        """
        careful = self._language != SURE_LANGUAGE
        beams = self._options.beam_size or (CAREFUL_BEAMS if careful else None)
        encoded = self._encode(several, windows.common_seconds(several))
        first = self._decode(encoded.rows(), len(several), beams or 1)
        unsure = [
            index
            for index, one in enumerate(first)
            if one.logprob < SURE_LOGPROB and several[index].of_one_clip
        ]
        if unsure and not beams:
            second = self._decode(encoded.rows(unsure), len(unsure), CAREFUL_BEAMS)
            for index, better in zip(unsure, second, strict=True):
                first[index] = max(first[index], better, key=lambda one: one.logprob)
        return self._aligned(several, encoded, first)

    def mend(self, hearings: Sequence[Hearing]) -> list[list[Hearing]]:
        """Return for each hearing itself, or better ones where it cannot be believed.

        The turns of such a window are recognised again, each by itself and with
        more hypotheses; what cannot be believed even then, in a full window.
        """
        owners: list[int] = []
        turns: list[Window] = []
        for index, hearing in enumerate(hearings):
            if self._doubtful(hearing):
                turns += windows.alone(hearing.window)
                owners += [index] * len(hearing.window.turns)
        better: dict[int, list[Hearing]] = {}
        for owner, hearing in zip(owners, self._alone(turns), strict=True):
            heard = self._again(hearing.window) if self._doubtful(hearing) else hearing
            better.setdefault(owner, []).append(heard)
        return [better.get(index, [hearing]) for index, hearing in enumerate(hearings)]

    def _alone(self, turns: Sequence[Window]) -> list[Hearing]:
        """Recognise windows of one turn each, with more than one hypothesis."""
        heard: dict[int, Hearing] = {}
        for batch in windows.batches(turns, self._options.batch_size):
            several = [turns[index] for index in batch]
            encoded = self._encode(several, windows.common_seconds(several))
            decoded = self._decode(encoded.rows(), len(several), self._careful)
            heard |= zip(batch, self._aligned(several, encoded, decoded), strict=True)
        return [heard[index] for index in range(len(turns))]

    def _again(self, window: Window) -> Hearing:
        """Recognise one turn in a full window, at rising temperatures, as whisper does."""
        encoded = self._encode([window], windows.FULL_SECONDS)
        best: Hearing | None = None
        for temperature in self._options.temperature:
            beams = 1 if temperature > 0 else self._careful
            decoded = self._decode(encoded.rows(), 1, beams, temperature)
            hearing = self._aligned([window], encoded, decoded)[0]
            if not self._doubtful(hearing):
                return hearing
            if best is None or hearing.avg_logprob > best.avg_logprob:
                best = hearing
            if self._silent(hearing):
                break
        assert best is not None  # noqa: S101, there is at least one temperature
        return best

    @property
    def _careful(self) -> int:
        return max(self._options.beam_size or 0, CAREFUL_BEAMS)

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

    def _encode(self, several: Sequence[Window], seconds: float) -> Encoded:
        return encode(self._whisper, several, self._clips, seconds)

    def _decode(
        self, rows: Any, count: int, beams: int, temperature: float | None = None
    ) -> list[Decoded]:
        """Return what the decoder makes of encoded windows."""
        options = self._options
        warm = temperature is not None and temperature > 0
        if temperature is None:
            temperature = options.temperature[0]
        room = int(16 + suspect.FASTEST_SPEECH * 2 * rows.shape[1] / FRAMES_PER_SECOND)
        results = self._whisper.model.generate(
            rows,
            [self._prompt] * count,
            beam_size=beams,
            patience=options.patience,
            num_hypotheses=options.best_of if warm else 1,
            sampling_topk=0 if warm else 1,
            sampling_temperature=temperature,
            length_penalty=options.length_penalty,
            repetition_penalty=options.repetition_penalty,
            no_repeat_ngram_size=options.no_repeat_ngram_size,
            max_length=min(self._whisper.max_length, len(self._prompt) + room),
            suppress_tokens=self._suppressed,
            return_scores=True,
            return_no_speech_prob=True,
            max_initial_timestamp_index=50,
        )
        return [
            Decoded.of(
                result.sequences_ids[0],
                result.scores[0] * len(result.sequences_ids[0]) ** options.length_penalty,
                result.no_speech_prob,
                temperature,
            )
            for result in results
        ]

    def _aligned(
        self, several: Sequence[Window], encoded: Encoded, decoded: Sequence[Decoded]
    ) -> list[Hearing]:
        text_tokens = [
            [token for token in one.tokens if token < self._tokenizer.eot] for one in decoded
        ]
        frames = [
            min(round(window.seconds * FRAMES_PER_SECOND), encoded.frames) for window in several
        ]
        words = self._words(text_tokens, encoded, frames)
        hearings = []
        for window, one, text, aligned in zip(several, decoded, text_tokens, words, strict=True):
            merge_punctuations(aligned, PREPENDED, APPENDED)
            hearings.append(
                Hearing(
                    window,
                    one.tokens,
                    self._tokenizer.decode(text),
                    one.logprob,
                    one.no_speech,
                    one.temperature,
                    [word for word in aligned if word["word"]],
                )
            )
        return hearings

    def _words(
        self, text_tokens: Sequence[list[int]], encoded: Encoded, frames: Sequence[int]
    ) -> list[list[dict[str, Any]]]:
        """Return the words of each window with their times."""
        # The aligner holds a number for every token of the vocabulary at every place of every
        # text, filled up to the longest: eight windows take 250 MB and twice the time of one by
        # one on a processor.
        size = 1 if self._whisper.model.device == "cpu" else len(frames)
        return [
            words
            for at in range(0, len(frames), size)
            for words in self._whisper.find_alignment(
                self._tokenizer,
                text_tokens[at : at + size],
                encoded.rows(range(at, min(at + size, len(frames)))),
                frames[at : at + size],
            )
        ]


def _segment_ends(tokens: Sequence[int], tokenizer: Tokenizer) -> list[int]:
    """Return after how many text tokens the model ended a segment by a timestamp."""
    ends, seen = [], 0
    for token in tokens:
        if token < tokenizer.eot:
            seen += 1
        elif token >= tokenizer.timestamp_begin and seen and seen not in ends:
            ends.append(seen)
    return ends
