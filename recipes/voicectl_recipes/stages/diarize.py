"""Who says what where both parties share a channel: words go to the voice that is heard then.

Legs that are a channel each know their speaker and are left as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from voicectl.errors import RecordingError, UsageError
from voicectl.interfaces import Clip, DiarizeOptions, Outcome, Tools, Wish
from voicectl.types import CallRecord, Segment
from voicectl_recipes.attribution import attributed

PIECE_SECONDS = 600.0
"""About how much of a recording is in memory at a time."""
BY_CHANNEL = "channels"
"""Who told speakers apart where nobody had to."""


class Diarize:
    """The stage `diarize`."""

    name: ClassVar[str] = "diarize"
    options: ClassVar[type[DiarizeOptions]] = DiarizeOptions
    idle_options: ClassVar[frozenset[str]] = frozenset({"threads"})
    fills: ClassVar[frozenset[str]] = frozenset({"transcript"})
    reads: ClassVar[frozenset[str]] = frozenset({"audio", "transcript"})

    def wishes(self, options: DiarizeOptions) -> tuple[Wish, ...]:
        """One model of voices."""
        return (Wish("diarize", options.model, backend=options.backend),)

    def run(
        self, records: Sequence[CallRecord], options: DiarizeOptions, tools: Tools
    ) -> Iterator[Outcome]:
        """Fill `speaker` and `speaker_confidence` of the segments, cut where speakers change."""
        for index, record in enumerate(records):
            try:
                yield self._told_apart(index, record, options, tools)
            except RecordingError as error:
                yield Outcome(index, error=error)

    def _told_apart(
        self, index: int, record: CallRecord, options: DiarizeOptions, tools: Tools
    ) -> Outcome:
        transcript = record.transcript
        if transcript is None:
            raise UsageError("there is no transcript yet: the step diarize comes after transcribe")
        if record.translation is not None:
            raise UsageError("the step diarize comes before translate: it cuts segments anew")
        if not any(segment.channel is None for segment in transcript.segments):
            return Outcome(index, record, runner=BY_CHANNEL)
        diarizer = tools.diarizer(options)

        def heed(seconds: float) -> None:
            tools.heed()
            tools.progress(index, seconds)

        turns = diarizer.diarize(_clips(record, tools), options, heed)
        segments = _named(attributed(transcript.segments, turns), options.speaker_name)
        fuller = replace(record, transcript=replace(transcript, segments=segments))
        return Outcome(index, fuller, None, diarizer.info.name, diarizer.model)


def _clips(record: CallRecord, tools: Tools) -> Iterator[Clip]:
    for piece in tools.recording(record.audio, "mix", PIECE_SECONDS).pieces():
        yield from piece.clips


def _named(
    found: Sequence[tuple[Segment, int | None]], names: Sequence[str]
) -> tuple[Segment, ...]:
    """Return the segments with the labels of their speakers, numbered anew."""
    order = {
        voice: k for k, voice in enumerate(dict.fromkeys(v for _, v in found if v is not None))
    }
    name = _labels(names)
    return tuple(
        replace(segment, id=at, speaker=segment.speaker if voice is None else name(order[voice]))
        for at, (segment, voice) in enumerate(found)
    )


def _labels(names: Sequence[str]) -> Callable[[int], str]:
    """Return what the speaker of a number is called, in order of first appearance."""
    stem = names[0] if len(names) == 1 else "SPEAKER"

    def label(number: int) -> str:
        return names[number] if 1 < len(names) > number else f"{stem}_{number:02d}"

    return label
