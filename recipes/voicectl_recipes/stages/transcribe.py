"""Speech to text: each leg of a call by itself, the turns interleaved by time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from voicectl.interfaces import Clip, LanguageGuess, Piece, Tools, TranscribeOptions, Wish
from voicectl.types import CallRecord, Segment, Transcript


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
        self, record: CallRecord, options: TranscribeOptions, tools: Tools
    ) -> tuple[CallRecord, str, str]:
        """Fill `record.transcript`."""
        recording = tools.recording(record.audio, options.channels)
        listener = _Listener(options, tools)
        for piece in recording.pieces():
            listener.hear(piece)
        audio = replace(record.audio, seconds=round(recording.seconds, 3))
        return (
            replace(record, audio=audio, transcript=listener.transcript()),
            listener.runner,
            listener.model,
        )


class _Listener:
    """Keeps what is decided once for a call while its pieces go by."""

    def __init__(self, options: TranscribeOptions, tools: Tools) -> None:
        self._options = options
        self._tools = tools
        self._guess: LanguageGuess | None = None
        self._segments: list[Segment] = []
        self._speech_seconds = 0.0
        first = tools.transcriber(options, options.language)
        self.runner, self.model = first.info.name, first.model

    def hear(self, piece: Piece) -> None:
        """Transcribe one piece of the call."""
        clips = self._tools.speech(piece.clips, self._options)
        self._speech_seconds += sum(clip.speech_seconds for clip in clips)
        language = self._language(clips)
        recogniser = self._tools.transcriber(self._options, language)
        self.model = recogniser.model
        found: list[Segment] = []
        for index, segment in recogniser.transcribe(
            clips, self._options, language, self._tools.heed
        ):
            clip = clips[index]
            named = replace(segment, speaker=self._speaker(clip), channel=clip.channel)
            found.append(named)
            self._tools.segment(named)
            self._tools.progress(min(segment.end, piece.offset + piece.seconds))
        self._segments += sorted(found, key=lambda segment: (segment.start, segment.end))
        self._tools.progress(piece.offset + piece.seconds)

    def transcript(self) -> Transcript:
        """Return all that was heard, in order of time."""
        spoken = Counter[str]()
        for segment in self._segments:
            if segment.language:
                spoken[segment.language] += round(1000 * (segment.end - segment.start))
        translate = self._options.task == "translate"
        language = spoken.most_common(1)[0][0] if spoken else self._options.language
        return Transcript(
            segments=tuple(
                replace(segment, id=number) for number, segment in enumerate(self._segments)
            ),
            language="en" if translate else language,
            model=self.model,
            task=self._options.task,
            language_probability=self._guess.probability if self._guess else None,
            speech_seconds=round(self._speech_seconds, 3),
        )

    def _language(self, clips: Sequence[Clip]) -> str | None:
        """Return the language of the call, found out from the first piece with speech."""
        if self._options.language:
            return self._options.language
        if self._guess is None:
            recogniser = self._tools.transcriber(self._options, None)
            self._guess = recogniser.detect(clips, self._options)
        return self._guess.language

    def _speaker(self, clip: Clip) -> str | None:
        if clip.channel is None:
            return None
        names = self._options.channel_names
        return names[clip.channel] if clip.channel < len(names) else f"SPEAKER_{clip.channel:02d}"
