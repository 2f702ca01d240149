"""Turns from chunks that overlap, on activity whose speakers are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from voicectl_models import overlapping
from voicectl_models.overlapping import Chunks

FRAME, SIZE = 0.1, 50
VOICES = np.eye(4, dtype=np.float32)[:2]


def heard(
    activity: NDArray[np.bool_], end: float, bounds: tuple[int, int] = (1, 2)
) -> list[object]:
    """Cut `activity` (frames, voices) into chunks of 5 s, one a second, and join them again.

    In every other chunk the speakers have the other number.
    """
    firsts = range(0, len(activity) - SIZE + 1, 10)
    swapped = [np.roll(np.arange(2), at % 2) for at in range(len(firsts))]
    parts = [
        activity[first : first + SIZE][:, order]
        for first, order in zip(firsts, swapped, strict=True)
    ]
    spoke = np.array([part.any(axis=0) for part in parts])
    vectors = np.array(
        [
            VOICES[order[k]]
            for order, row in zip(swapped, spoke, strict=True)
            for k in np.flatnonzero(row)
        ]
    )
    chunks = Chunks(np.array(parts, np.float32), np.array(firsts) * FRAME, FRAME)
    found = overlapping.turns(chunks, spoke, vectors, bounds, end)
    return [(turn.speaker, turn.start, turn.end) for turn in found]


def course(*spoken: tuple[int, float, float], seconds: float = 12.0) -> NDArray[np.bool_]:
    activity = np.zeros((round(seconds / FRAME), 2), np.bool_)
    for voice, start, end in spoken:
        activity[round(start / FRAME) : round(end / FRAME), voice] = True
    return activity


def test_speakers_keep_their_numbers_from_chunk_to_chunk() -> None:
    said = course((1, 0.5, 4.0), (0, 4.5, 8.0), (1, 8.5, 11.0))
    assert heard(said, 12.0) == [(0, 0.5, 4.0), (1, 4.5, 8.0), (0, 8.5, 11.0)]


def test_both_are_heard_where_they_overlap() -> None:
    said = course((0, 1.0, 6.0), (1, 4.0, 9.0))
    assert heard(said, 12.0) == [(0, 1.0, 6.0), (1, 4.0, 9.0)]


def test_the_last_turn_ends_with_the_recording() -> None:
    """The last chunk is filled up; a turn that seems to go on there is cut, not lost."""
    said = course((0, 1.0, 5.0), (1, 6.0, 11.0))
    assert heard(said, 10.2) == [(0, 1.0, 5.0), (1, 6.0, 10.2)]


def test_nobody_has_a_voice() -> None:
    assert heard(course(), 12.0) == []
