"""What was said in other languages, in English, from the recording itself.

Segments that follow each other are heard together, for half a sentence is translated badly. The
words are shared out among them by their times; those of translated words are not exact, so a
word may stand in the segment before or after its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TypeAlias

import msgspec

from voicectl.interfaces import RATE, ChannelsWish, Clip, Region, Tools, TranscribeOptions
from voicectl.translated import TranslatedSegment
from voicectl.translation import TranslateOptions
from voicectl.types import CallRecord, Segment, Word

RUNNER = "speech"
NEAR_SECONDS = 1.0
"""Segments of a speaker that are closer are heard together."""
MARGIN_SECONDS = 0.3
"""What is heard before and after them, as far as nobody else speaks on their leg then."""
LONGEST_SECONDS = 28.0
"""The recogniser hears no more at once."""

Unit: TypeAlias = tuple[Segment, ...]
"""Segments that are heard together."""


def units(segments: Sequence[Segment]) -> list[Unit]:
    """Return segments, which are in the order of time, as they are heard together."""
    found: list[list[Segment]] = []
    last: dict[tuple[object, ...], list[Segment]] = {}
    legs: dict[int | None, list[Segment]] = {}
    for segment in segments:
        who = (segment.channel, segment.speaker, segment.language)
        before = last.get(who)
        if before and before is legs[segment.channel] and _near(before, segment):
            before.append(segment)
            continue
        found.append([segment])
        last[who] = legs[segment.channel] = found[-1]
    return [tuple(unit) for unit in found]


def _near(before: Sequence[Segment], segment: Segment) -> bool:
    gap, whole = segment.start - before[-1].end, segment.end - before[0].start
    return gap < NEAR_SECONDS and whole <= LONGEST_SECONDS


def translated(
    index: int,
    record: CallRecord,
    unheard: Mapping[str, Sequence[Segment]],
    options: TranslateOptions,
    tools: Tools,
) -> tuple[dict[int, TranslatedSegment], str]:
    """Return segments in English, by their ids, and the model.

    `unheard` are those of a call by their language. Raises `RecordingError` when the recording
    cannot be read.
    """
    wish = TranscribeOptions(task="translate", model=options.model, threads=options.threads)
    model = ""
    found: dict[int, TranslatedSegment] = {}
    for cuts, until in _cuts(record, unheard, wish, tools):
        for language, several in cuts.items():
            transcriber = tools.transcriber(wish, language)
            model = transcriber.model
            clips = [cut.clip for cut in several]
            heard: list[list[Segment]] = [[] for _ in several]
            for at, each in transcriber.transcribe(clips, wish, language, lambda _: tools.heed()):
                heard[at].append(each)
            for cut, told in zip(several, heard, strict=True):
                found |= {each.segment: each for each in shared_out(cut.unit, told)}
        tools.progress(index, until)
    return found, model


def shared_out(unit: Unit, heard: Sequence[Segment]) -> Iterator[TranslatedSegment]:
    """Yield what of a translation belongs to each segment: all of it, in its order.

    By the times of the words; by the length of what was said where a segment would be empty.
    """
    words = [word for each in heard for word in each.words]
    suspect = next((each.suspect for each in heard if each.suspect), None)
    if len(words) < len(unit):
        text = " ".join(each.text.strip() for each in heard)
        if text:
            yield TranslatedSegment(unit[0].id, text, suspect)
        return
    ends = _by_time(unit, words)
    if len(set(ends)) < len(unit) or not ends[0]:
        ends = _by_length(unit, len(words))
    for segment, first, after in zip(unit, [0, *ends], ends, strict=False):
        text = "".join(word.text for word in words[first:after]).strip()
        yield TranslatedSegment(segment.id, text, suspect)


def _by_time(unit: Unit, words: Sequence[Word]) -> list[int]:
    """Return for each segment the word after its last one."""
    borders = [(one.end + two.start) / 2 for one, two in zip(unit, unit[1:], strict=False)]
    middles = list(accumulate(((word.start + word.end) / 2 for word in words), max))
    return [sum(middle < border for middle in middles) for border in borders] + [len(words)]


def _by_length(unit: Unit, count: int) -> list[int]:
    """Return the same where each has its share, and at least one word."""
    sums = list(accumulate(len(segment.text) for segment in unit))
    ends: list[int] = []
    for at, upto in enumerate(sums):
        least, most = (ends[-1] if ends else 0) + 1, count - (len(unit) - 1 - at)
        ends.append(min(max(round(count * upto / sums[-1]), least), most))
    return ends


@dataclass(frozen=True, slots=True)
class _Cut:
    """Segments and their stretch of the recording."""

    unit: Unit
    clip: Clip


def _cuts(
    record: CallRecord,
    unheard: Mapping[str, Sequence[Segment]],
    wish: TranscribeOptions,
    tools: Tools,
) -> Iterator[tuple[dict[str, list[_Cut]], float]]:
    """Yield piece after piece what is to be heard, by language, and where the piece ends."""
    waiting = [(language, unit) for language, said in unheard.items() for unit in units(said)]
    channels: ChannelsWish = "mix" if all(u[0].channel is None for _, u in waiting) else "split"
    aloud = msgspec.structs.replace(wish, vad_filter=False)
    recording = tools.recording(record.audio, channels, wish.piece_seconds)
    everybody = record.transcript.segments if record.transcript else ()
    for piece in recording.pieces():
        cuts: dict[str, list[_Cut]] = {}
        for clip in tools.speech(piece.clips, aloud):
            for language, unit in waiting:
                middle = (unit[0].start + unit[-1].end) / 2
                here = clip.offset <= middle < clip.offset + clip.seconds
                if here and unit[0].channel == clip.channel:
                    several = cuts.setdefault(language, [])
                    several.append(_Cut(unit, _cut(clip, unit, everybody)))
        yield cuts, piece.end


def _cut(clip: Clip, unit: Unit, everybody: Sequence[Segment]) -> Clip:
    """Return a stretch of a leg, with some of the silence around it, in a window of its own."""
    start, end = unit[0].start, unit[-1].end
    leg = [each for each in everybody if each.channel == clip.channel]
    before = max((each.end for each in leg if each.end <= start), default=0.0)
    after = min((each.start for each in leg if each.start >= end), default=end + 1.0)
    first = max((before + start) / 2, start - MARGIN_SECONDS) - clip.offset
    last = min((end + after) / 2, end + MARGIN_SECONDS) - clip.offset
    at = max(round(first * RATE), 0)
    samples = clip.samples[at : max(round(last * RATE), at)]
    number = unit[0].id
    return replace(
        clip, samples=samples, offset=clip.offset + at / RATE, recording=number, group=number,
        speech=_whole(len(samples)),
    )  # fmt: skip


def _whole(length: int) -> tuple[Region, ...]:
    longest = round((LONGEST_SECONDS + 2 * MARGIN_SECONDS) * RATE)
    return tuple((at, min(at + longest, length)) for at in range(0, length, longest))
