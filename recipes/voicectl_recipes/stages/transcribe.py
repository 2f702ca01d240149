"""Speech to text: each leg of a call by itself, the turns interleaved by time."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, ClassVar

import msgspec

from voicectl import parse
from voicectl.errors import RecordingError
from voicectl.interfaces import (
    RATE,
    Clip,
    LanguageGuess,
    Outcome,
    Piece,
    Recording,
    Tools,
    TranscribeOptions,
    Wish,
)
from voicectl.types import CallRecord, Part, Segment, Transcript
from voicectl_recipes import languages, replacing
from voicectl_recipes.languages import Leg, Said
from voicectl_recipes.stretches import Stretch, between, joined

TOGETHER_SECONDS = 600.0
"""Short recordings are recognised together until they are this long."""
MARK_SECONDS = 0.5
"""Progress is told no more often."""


class Transcribe:
    """The stage `transcribe`."""

    name: ClassVar[str] = "transcribe"
    options: ClassVar[type[TranscribeOptions]] = TranscribeOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads", "batch_size", "device_index"})
    fills: ClassVar[frozenset[str]] = frozenset({"transcript"})
    reads: ClassVar[frozenset[str]] = frozenset({"audio"})

    def wishes(self, options: TranscribeOptions) -> tuple[Wish, ...]:
        """One recogniser; without a language it is met by those that can find it out, too."""
        translate = options.task == "translate"
        language = languages.only(options)
        return (Wish("asr", options.model, language, translate, options.device),)

    def run(
        self, records: Sequence[CallRecord], options: TranscribeOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `transcript` of every record."""
        calls = [_Call(index, record, options, tools) for index, record in enumerate(records)]
        for pieces in _together(calls):
            _hear(pieces, options, tools)
            for call, piece in pieces:
                if piece.more:
                    call.keep(piece)
            for call in {id(call): call for call, _ in pieces}.values():
                if call.complete:
                    yield call.outcome()
        yield from (call.outcome() for call in calls if not call.told)


@dataclass(frozen=True, slots=True)
class _Memory:
    """What has to be known of a piece, or of those up to it, to go on with the next one."""

    legs: Mapping[str, Any]
    speech_seconds: float
    speech: list[Stretch]
    """Of this piece alone: all of it again in every piece would grow with its square."""
    runner: str
    models: dict[str, int]


class _Call:
    """What is decided once for a call, and what was heard of it so far."""

    def __init__(
        self, index: int, record: CallRecord, options: TranscribeOptions, tools: Tools
    ) -> None:
        self.index = index
        self.complete = False
        self.told = False
        self._record = record
        self._options = options
        self._tools = tools
        self._segments: list[Segment] = []
        self._speech_seconds = 0.0
        self._speech: list[Stretch] = []
        """Of all legs, as they were listened to."""
        self._error: RecordingError | None = None
        self._recording: Recording | None = None
        self._runner = ""
        self._models = Counter[str]()
        """How much speech each of them recognised."""
        self._given = (0, 0)
        """How many segments and stretches of speech were given away to be kept."""
        self._began = time.monotonic()
        self._earlier = 0.0

    def pieces(self) -> Iterator[Piece]:
        """Yield the call piece by piece, on from what was kept; one that cannot be read just ends.

        What is heard in a piece must not depend on whether the work was broken off before it.
        """
        options = self._options
        try:
            self._recording = self._tools.recording(
                self._record.audio, options.channels, options.piece_seconds
            )
            kept = self._tools.kept(self.index)
            memories = _memories(kept)
            if not memories:
                yield from self._recording.pieces()
            else:
                self._remember(kept, memories)
                yield from self._recording.pieces(kept[-1].end, memories[-1].legs)
        except RecordingError as error:
            self._error = error

    def _remember(self, kept: Sequence[Part], memories: Sequence[_Memory]) -> None:
        self._segments = [segment for part in kept for segment in part.segments]
        self._speech = [stretch for memory in memories for stretch in memory.speech]
        self._given = len(self._segments), len(self._speech)
        last = memories[-1]
        self._earlier, self._speech_seconds = kept[-1].spent, last.speech_seconds
        self._runner, self._models = last.runner, Counter(last.models)

    def keep(self, piece: Piece) -> None:
        """Give away what was heard in a piece, to be kept until the call is done."""
        assert self._recording is not None  # noqa: S101, the piece is of it
        segments, speech = (self._segments[self._given[0] :], self._speech[self._given[1] :])
        memory = _Memory(
            self._recording.legs, self._speech_seconds, speech, self._runner, dict(self._models)
        )
        spent = round(self._earlier + time.monotonic() - self._began, 3)
        part = Part(piece.offset, piece.end, tuple(segments), spent, asdict(memory))
        self._given = len(self._segments), len(self._speech)
        self._tools.keep(self.index, part)

    def languages(self) -> dict[Leg, str]:
        """Return what was spoken last in each leg, as far as it was heard."""
        return {
            (self.index, segment.channel): segment.language
            for segment in sorted(self._segments, key=lambda segment: segment.start)
            if segment.language
        }

    def mark(self, clip: Clip) -> Clip:
        """Return the clip as one of this call, left apart from right."""
        return replace(clip, recording=self.index, group=clip.channel or 0)

    def listened(self, clip: Clip) -> None:
        """Note where somebody speaks."""
        self._speech_seconds += clip.speech_seconds
        self._speech += [
            (clip.offset + start / RATE, clip.offset + end / RATE) for start, end in clip.speech
        ]

    def add(self, said: Said, segment: Segment, runner: str, model: str) -> None:
        """Keep a segment and tell of it."""
        middle = (segment.start + segment.end) / 2
        named = replace(
            segment,
            speaker=self._speaker(said.clip),
            channel=said.clip.channel,
            language_probability=said.probability(middle),
        )
        named = replacing.replaced(named, self._options.replacements)
        self._segments.append(named)
        self._runner = runner
        self._models[model] += round(1000 * (segment.end - segment.start))
        self._tools.segment(self.index, named)

    def outcome(self) -> Outcome:
        """Return the record with its transcript, or why there is none."""
        self.told = True
        if self._error is not None:
            return Outcome(self.index, error=self._error)
        if not self._models:
            idle = self._tools.transcriber(self._options, languages.only(self._options))
            self._runner, self._models = idle.info.name, Counter([idle.model])
        audio = self._record.audio
        if self._recording is not None:
            audio = replace(
                audio,
                seconds=round(self._recording.seconds, 3),
                warnings=tuple(self._recording.warnings),
            )
        record = replace(self._record, audio=audio, transcript=self._transcript(audio.seconds))
        return Outcome(self.index, record, None, self._runner, self._model, self._earlier)

    @property
    def _model(self) -> str:
        """The names of the weights, the one that recognised most of the call first."""
        return ", ".join(name for name, _ in self._models.most_common())

    def _transcript(self, seconds: float) -> Transcript:
        ordered = sorted(self._segments, key=lambda segment: (segment.start, segment.end))
        language, probability = _most_spoken(ordered)
        heard = language or languages.only(self._options)
        return Transcript(
            segments=tuple(replace(segment, id=id_) for id_, segment in enumerate(ordered)),
            language="en" if self._options.task == "translate" else heard,
            model=self._model,
            task=self._options.task,
            language_probability=probability,
            speech_seconds=round(self._speech_seconds, 3),
            skipped=between(joined(self._speech), seconds),
            rules=replacing.digest(self._options.replacements),
        )

    def _speaker(self, clip: Clip) -> str | None:
        if clip.channel is None:
            return None
        names = self._options.channel_names or self._record.audio.channel_names
        return names[clip.channel] if clip.channel < len(names) else f"SPEAKER_{clip.channel:02d}"


def _memories(kept: Sequence[Part]) -> list[_Memory]:
    try:
        return [parse.plain(part.memory, _Memory) for part in kept]
    except msgspec.ValidationError:
        return []  # they were written by another version


def _together(calls: Sequence[_Call]) -> Iterator[list[tuple[_Call, Piece]]]:
    """Yield pieces that are recognised together: one of a long call, or many short calls."""
    waiting: list[tuple[_Call, Piece]] = []
    for call in calls:
        for piece in call.pieces():
            waiting.append((call, piece))
            if piece.more or sum(piece.seconds for _, piece in waiting) >= TOGETHER_SECONDS:
                yield waiting
                waiting = []
        call.complete = True
    if waiting:
        yield waiting


def _most_spoken(segments: Sequence[Segment]) -> tuple[str | None, float | None]:
    """Return the language of most of the speech and how sure it is, where it was found out."""
    length, certainty = defaultdict[str, float](float), defaultdict[str, float](float)
    for segment in segments:
        if segment.language:
            seconds = segment.end - segment.start
            length[segment.language] += seconds
            certainty[segment.language] += seconds * (segment.language_probability or 0.0)
    most = max(length, key=length.__getitem__, default=None)
    if most is None or not certainty[most]:
        return most, None
    return most, round(certainty[most] / length[most], 4)


def _hear(pieces: Sequence[tuple[_Call, Piece]], options: TranscribeOptions, tools: Tools) -> None:
    """Transcribe pieces of several calls, what is in one language together."""
    marked = [(call, call.mark(clip)) for call, piece in pieces for clip in piece.clips]
    found = tools.speech([clip for _, clip in marked], options)
    heard = [(call, clip) for (call, _), clip in zip(marked, found, strict=True)]

    heed = _Marks(pieces, tools)
    sorted_out = _by_language(heard, options, tools)
    whole = sum(said.clip.speech_seconds for several in sorted_out.values() for _, said in several)
    before = 0.0
    for language, several in sorted_out.items():
        recogniser = tools.transcriber(options, language)
        clips = [said.clip for _, said in several]
        share = sum(clip.speech_seconds for clip in clips) / whole
        part = partial(heed.part, before, share)
        for index, segment in recogniser.transcribe(clips, options, language, part):
            call, said = several[index]
            call.add(said, segment, recogniser.info.name, recogniser.model)
        before += share
    heed(1.0)


class _Marks:
    """Tells how far pieces are that are worked on together."""

    def __init__(self, pieces: Sequence[tuple[_Call, Piece]], tools: Tools) -> None:
        self._pieces = pieces
        self._tools = tools
        self._share = 0.0
        self._told = time.monotonic()

    def part(self, before: float, of_all: float, share: float) -> None:
        """Take the share of a part that is done, after other parts."""
        self(min(before + of_all * share, 1.0))

    def __call__(self, share: float) -> None:
        """Take the share that is done; tell of it when it grew, and not too often."""
        self._tools.heed()
        now = time.monotonic()
        if share <= self._share or (share < 1 and now - self._told < MARK_SECONDS):
            return
        self._share, self._told = share, now
        for call, piece in self._pieces:
            self._tools.progress(call.index, piece.offset + share * piece.seconds)


def _by_language(
    heard: Sequence[tuple[_Call, Clip]], options: TranscribeOptions, tools: Tools
) -> dict[str, list[tuple[_Call, Said]]]:
    """Return the speech sorted by its language, which is found out where it is not given."""
    for call, clip in heard:
        call.listened(clip)
    spoken = [(call, clip) for call, clip in heard if clip.speech]
    given = languages.only(options)
    if given is not None:
        return {given: [(call, Said(clip)) for call, clip in spoken]} if spoken else {}
    sorted_out: dict[str, list[tuple[_Call, Said]]] = {}
    for (call, clip), guesses in zip(spoken, _guessed(spoken, options, tools), strict=True):
        for language, said in languages.apart(clip, guesses).items():
            sorted_out.setdefault(language, []).append((call, said))
    return sorted_out


def _guessed(
    spoken: Sequence[tuple[_Call, Clip]], options: TranscribeOptions, tools: Tools
) -> list[tuple[LanguageGuess, ...]]:
    """Return the language of every turn."""
    if not spoken:
        return []
    before = {leg: language for call, _ in spoken for leg, language in call.languages().items()}

    def ask(windows: Sequence[Clip]) -> Sequence[Mapping[str, float]]:
        tools.heed()
        return tools.transcriber(options, None).detect(windows, options)

    return languages.spoken([clip for _, clip in spoken], options, ask, before)
