"""Whose words: every word goes to the turn it lies in, segments end where the speaker changes."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby

from voicectl.interfaces import Turn
from voicectl.types import Segment, Word

BLIP_SECONDS = 0.4
"""A shorter change of speaker inside a segment is taken for a turn whose edge is not exact."""

Said = tuple[Word, Turn]


def attributed(
    segments: Sequence[Segment], turns: Sequence[Turn]
) -> list[tuple[Segment, int | None]]:
    """Return the segments, cut where speakers change, each with its speaker's number.

    Segments of a channel stay whole and have None, and so does everything when
    there is no turn. A word outside of all turns goes to the nearest.
    """
    course = _Course(turns)
    found: list[tuple[Segment, int | None]] = []
    for segment in segments:
        if segment.channel is not None or not turns:
            found.append((segment, None))
        elif not segment.words:
            turn = course.at(segment.start, segment.end)
            found.append((replace(segment, speaker_confidence=turn.confidence), turn.speaker))
        else:
            found += _cut(segment, course)
    return sorted(found, key=lambda pair: (pair[0].start, pair[0].end))


class _Course:
    """The turns of a call, looked up by time."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = sorted(turns, key=lambda turn: turn.start)
        # Of all turns up to each the one that ends last: a long turn may hold short ones.
        self._lasting = list(accumulate(self._turns, _lasting))
        self._ends = [turn.end for turn in self._lasting]

    def at(self, start: float, end: float) -> Turn:
        """Return the turn that shares most time with a stretch, else the nearest one."""
        first = bisect_left(self._ends, start)
        near = self._lasting[first - 1 : first] if first else []
        for turn in self._turns[first:]:
            near.append(turn)
            if turn.start > end:
                break
        return max(near, key=lambda turn: min(end, turn.end) - max(start, turn.start))


def _lasting(one: Turn, other: Turn) -> Turn:
    return one if one.end > other.end else other


def _cut(segment: Segment, course: _Course) -> Iterator[tuple[Segment, int | None]]:
    said = [(word, course.at(word.start, word.end)) for word in segment.words]
    runs = _without_blips([list(run) for _, run in groupby(said, key=lambda one: one[1].speaker)])
    for at, (speaker, run) in enumerate(runs):
        part = replace(segment, speaker_confidence=_confidence(speaker, run))
        if len(runs) > 1:
            part = _part(part, [word for word, _ in run], first=at == 0)
        yield part, speaker


def _without_blips(runs: list[list[Said]]) -> list[tuple[int, list[Said]]]:
    """Return the runs with their speakers; very short ones join the longest neighbour."""
    told = [(run[0][1].speaker, run) for run in runs]
    while len(told) > 1:
        at = min(range(len(told)), key=lambda k: _seconds(told[k][1]))
        if _seconds(told[at][1]) >= BLIP_SECONDS:
            break
        near = [k for k in (at - 1, at + 1) if 0 <= k < len(told)]
        speaker = told[max(near, key=lambda k: _seconds(told[k][1]))][0]
        told[at] = (speaker, told[at][1])
        told = _joined(told)
    return told


def _joined(told: Sequence[tuple[int, list[Said]]]) -> list[tuple[int, list[Said]]]:
    return [
        (speaker, [one for _, run in same for one in run])
        for speaker, same in groupby(told, key=lambda each: each[0])
    ]


def _seconds(run: Sequence[Said]) -> float:
    return run[-1][0].end - run[0][0].start


def _confidence(speaker: int, run: Sequence[Said]) -> float:
    """Return the mean confidence over the words; one that was taken over speaks against it."""
    sure = [turn.confidence if turn.speaker == speaker else 0.0 for _, turn in run]
    return round(sum(sure) / len(sure), 4)


def _part(segment: Segment, words: Sequence[Word], *, first: bool) -> Segment:
    """Return the part of a segment that has these words.

    What is known only of the whole, its tokens and the text before replacement
    rules, stays with the first part: nothing may be there twice.
    """
    decoding, original = segment.decoding, segment.original
    if not first:
        decoding, original = decoding and replace(decoding, tokens=()), None
    return replace(
        segment,
        start=words[0].start,
        end=words[-1].end,
        text="".join(word.text for word in words).strip(),
        confidence=round(sum(word.probability for word in words) / len(words), 4),
        words=tuple(words),
        decoding=decoding,
        original=original,
    )
