"""Clustering of voices, on embeddings whose speakers are known."""

from __future__ import annotations

import numpy as np
import pytest

from voicectl_models import voices
from voicectl_models.voices import Windows

CHANCE = np.random.default_rng(7)
DIMENSIONS = 64
COMMON = CHANCE.normal(size=DIMENSIONS)
"""What all voices share, as embeddings of speech do."""
VOICES = [CHANCE.normal(size=DIMENSIONS) + 0.8 * COMMON for _ in range(4)]


def spoken(*course: tuple[int, int], noise: float = 0.4) -> Windows:
    """Return windows of a call: (voice, how many windows), a region for each."""
    rows, regions, bounds = [], [], []
    for region, (voice, count) in enumerate(course):
        start = len(rows) * 0.2 + region
        rows += [VOICES[voice] + noise * CHANCE.normal(size=DIMENSIONS) for _ in range(count)]
        regions += [region] * count
        bounds.append((start, start + count * 0.2))
    vectors = np.array(rows, np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    starts = np.array([bounds[region][0] for region in regions])
    places = np.array([k - regions.index(region) for k, region in enumerate(regions)])
    return Windows(vectors, starts + 0.1 + 0.2 * places, np.array(regions), tuple(bounds))


def speakers(windows: Windows, fewest: int, most: int) -> list[int]:
    return [turn.speaker for turn in voices.turns(windows, fewest, most)]


def test_two_voices_are_told_apart_and_counted_as_they_appear() -> None:
    call = spoken((1, 12), (0, 20), (1, 6), (0, 9))
    assert speakers(call, 1, 2) == [0, 1, 0, 1]
    assert speakers(call, 2, 2) == [0, 1, 0, 1]


def test_one_voice_is_not_cut_in_two() -> None:
    assert set(speakers(spoken((0, 30), (0, 30), (0, 30)), 1, 2)) == {0}


def test_the_number_is_found_among_more() -> None:
    call = spoken((0, 40), (1, 40), (2, 40), (0, 40), (1, 40), (2, 40))
    assert speakers(call, 1, 6) == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_number_that_is_given_is_kept(number: int) -> None:
    call = spoken((0, 20), (1, 20), (2, 20), (3, 20))
    assert len(set(speakers(call, number, number))) == number


def test_turns_fill_their_regions_and_nothing_else() -> None:
    call = spoken((0, 12), (1, 15))
    found = voices.turns(call, 1, 2)
    assert [(turn.start, turn.end) for turn in found] == [
        (round(start, 3), round(end, 3)) for start, end in call.bounds
    ]


def test_a_change_inside_speech_is_found_where_it_is() -> None:
    first, second = spoken((0, 20)), spoken((1, 20))
    joined = Windows(
        np.concatenate((first.vectors, second.vectors)),
        0.1 + 0.2 * np.arange(40),
        np.zeros(40, np.int64),
        ((0.0, 8.0),),
    )
    before, after = voices.turns(joined, 1, 2)
    assert (before.start, after.end) == (0.0, 8.0)
    assert before.end == after.start == pytest.approx(4.0, abs=0.4)


def test_a_lone_odd_window_is_no_turn() -> None:
    call = spoken((0, 20), (1, 20))
    vectors = call.vectors.copy()
    vectors[10] = vectors[30]
    odd = Windows(vectors, call.centres, call.regions, call.bounds)
    assert speakers(odd, 1, 2) == [0, 1]


def test_it_is_less_sure_of_a_voice_between_two() -> None:
    call = spoken((0, 20), (1, 20), (0, 20))
    vectors = call.vectors.copy()
    between = VOICES[0] + VOICES[1] + 0.4 * CHANCE.normal(size=(20, DIMENSIONS))
    vectors[40:] = between / np.linalg.norm(between, axis=1, keepdims=True)
    found = voices.turns(Windows(vectors, call.centres, call.regions, call.bounds), 2, 2)
    sure = [turn.confidence for turn in found]
    assert sure[0] > 0.95
    assert sure[-1] < sure[0] - 0.03
    assert all(0.0 <= each <= 1.0 for each in sure)


def test_nothing_and_next_to_nothing() -> None:
    empty = Windows(np.zeros((0, 4), np.float32), np.zeros(0), np.zeros(0, np.int64), ())
    assert voices.turns(empty, 2, 2) == ()
    assert speakers(spoken((0, 1)), 2, 2) == [0]


def test_a_window_without_any_voice_spoils_no_other() -> None:
    found = voices.unit(np.array([[0.0, 0.0], [3.0, 4.0]]))
    assert found.tolist() == [[0.0, 0.0], pytest.approx([0.6, 0.8])]


def test_the_same_call_gives_the_same_turns() -> None:
    call = spoken((0, 9), (1, 7), (0, 3), (1, 30))
    assert voices.turns(call, 1, 3) == voices.turns(call, 1, 3)


def test_a_long_call_is_fitted_on_a_sample() -> None:
    course = [(k % 2, 50) for k in range(200)]
    assert speakers(spoken(*course), 1, 2) == [k % 2 for k in range(200)]
