"""Speech to text: each leg of a call by itself, the turns interleaved by time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any, ClassVar

import msgspec

from voicectl.errors import RecordingError
from voicectl.interfaces import (
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

TOGETHER_SECONDS = 600.0
"""Short recordings are recognised together until they are this long."""
MARK_SECONDS = 0.5
"""Progress is told no more often."""


class Transcribe:
    """The stage `transcribe`."""

    name: ClassVar[str] = "transcribe"
    options: ClassVar[type[TranscribeOptions]] = TranscribeOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads", "batch_size", "device_index"})

    def wishes(self, options: TranscribeOptions) -> tuple[Wish, ...]:
        """One recogniser; without a given language also one that can find it out."""
        translate = options.task == "translate"
        return (Wish("asr", options.model, options.language, translate),)

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
    """What has to be known of the pieces before to go on with the next one."""

    legs: Mapping[str, Any]
    guess: LanguageGuess | None
    speech_seconds: float
    runner: str
    model: str


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
        self._guess: LanguageGuess | None = None
        self._segments: list[Segment] = []
        self._speech_seconds = 0.0
        self._error: RecordingError | None = None
        self._recording: Recording | None = None
        self._model = self._runner = ""
        self._given = 0
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
            memory = _memory(kept)
            if memory is None:
                yield from self._recording.pieces()
            else:
                self._remember(kept, memory)
                yield from self._recording.pieces(kept[-1].end, memory.legs)
        except RecordingError as error:
            self._error = error

    def _remember(self, kept: Sequence[Part], memory: _Memory) -> None:
        self._segments = [segment for part in kept for segment in part.segments]
        self._given = len(self._segments)
        self._earlier = kept[-1].spent
        self._guess, self._speech_seconds = memory.guess, memory.speech_seconds
        self._runner, self._model = memory.runner, memory.model

    def keep(self, piece: Piece) -> None:
        """Give away what was heard in a piece, to be kept until the call is done."""
        assert self._recording is not None  # noqa: S101, the piece is of it
        memory = _Memory(
            self._recording.legs, self._guess, self._speech_seconds, self._runner, self._model
        )
        segments = tuple(self._segments[self._given :])
        spent = round(self._earlier + time.monotonic() - self._began, 3)
        part = Part(piece.offset, piece.end, segments, spent, asdict(memory))
        self._given = len(self._segments)
        self._tools.keep(self.index, part)

    def language(self, clips: Sequence[Clip]) -> str | None:
        """Return the language of the call, found out from the first piece with speech."""
        self._speech_seconds += sum(clip.speech_seconds for clip in clips)
        if self._options.language:
            return self._options.language
        spoken = [clip for clip in clips if clip.speech]
        if self._guess is None and spoken:
            recogniser = self._tools.transcriber(self._options, None)
            self._guess = recogniser.detect(spoken, self._options)
        return self._guess.language if self._guess else None

    def mark(self, clip: Clip) -> Clip:
        """Return the clip as one of this call, left apart from right."""
        return replace(clip, recording=self.index, group=clip.channel or 0)

    def add(self, clip: Clip, segment: Segment, runner: str, model: str) -> None:
        """Keep a segment and tell of it."""
        named = replace(segment, speaker=self._speaker(clip), channel=clip.channel)
        self._segments.append(named)
        self._runner, self._model = runner, model
        self._tools.segment(self.index, named)

    def outcome(self) -> Outcome:
        """Return the record with its transcript, or why there is none."""
        self.told = True
        if self._error is not None:
            return Outcome(self.index, error=self._error)
        if not self._model:
            idle = self._tools.transcriber(self._options, self._options.language)
            self._runner, self._model = idle.info.name, idle.model
        audio = self._record.audio
        if self._recording is not None:
            audio = replace(
                audio,
                seconds=round(self._recording.seconds, 3),
                warnings=tuple(self._recording.warnings),
            )
        record = replace(self._record, audio=audio, transcript=self._transcript())
        return Outcome(self.index, record, None, self._runner, self._model, self._earlier)

    def _transcript(self) -> Transcript:
        ordered = sorted(self._segments, key=lambda segment: (segment.start, segment.end))
        spoken = Counter[str]()
        for segment in ordered:
            if segment.language:
                spoken[segment.language] += round(1000 * (segment.end - segment.start))
        heard = spoken.most_common(1)[0][0] if spoken else self._options.language
        return Transcript(
            segments=tuple(replace(segment, id=id_) for id_, segment in enumerate(ordered)),
            language="en" if self._options.task == "translate" else heard,
            model=self._model,
            task=self._options.task,
            language_probability=self._guess.probability if self._guess else None,
            speech_seconds=round(self._speech_seconds, 3),
        )

    def _speaker(self, clip: Clip) -> str | None:
        if clip.channel is None:
            return None
        names = self._options.channel_names
        return names[clip.channel] if clip.channel < len(names) else f"SPEAKER_{clip.channel:02d}"


def _memory(kept: Sequence[Part]) -> _Memory | None:
    try:
        return msgspec.convert(kept[-1].memory, _Memory) if kept else None
    except msgspec.ValidationError:
        return None  # it was written by another version


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


def _hear(pieces: Sequence[tuple[_Call, Piece]], options: TranscribeOptions, tools: Tools) -> None:
    """Transcribe pieces of several calls, those of one language together."""
    marked = [(call, call.mark(clip)) for call, piece in pieces for clip in piece.clips]
    found = tools.speech([clip for _, clip in marked], options)
    by_language: dict[str | None, list[tuple[_Call, Clip]]] = {}
    for call, several in groupby(zip(marked, found, strict=True), key=lambda pair: pair[0][0]):
        clips = [clip for _, clip in several]
        spoken = by_language.setdefault(call.language(clips), [])
        spoken += [(call, clip) for clip in clips if clip.speech]

    heed = _Marks(pieces, tools)
    for language, spoken in by_language.items():
        if not spoken:
            continue
        recogniser = tools.transcriber(options, language)
        clips = [clip for _, clip in spoken]
        for index, segment in recogniser.transcribe(clips, options, language, heed):
            call, clip = spoken[index]
            call.add(clip, segment, recogniser.info.name, recogniser.model)
    heed(1.0)


class _Marks:
    """Tells how far pieces are that are worked on together."""

    def __init__(self, pieces: Sequence[tuple[_Call, Piece]], tools: Tools) -> None:
        self._pieces = pieces
        self._tools = tools
        self._share = 0.0
        self._told = time.monotonic()

    def __call__(self, share: float) -> None:
        """Take the share that is done; tell of it when it grew, and not too often."""
        self._tools.heed()
        now = time.monotonic()
        if share <= self._share or (share < 1 and now - self._told < MARK_SECONDS):
            return
        self._share, self._told = share, now
        for call, piece in self._pieces:
            self._tools.progress(call.index, piece.offset + share * piece.seconds)
