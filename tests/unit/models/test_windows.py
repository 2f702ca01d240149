"""Packing: nothing lost, nothing twice, every time mapped back to where it was spoken."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicectl.interfaces import RATE
from voicectl_models import windows
from voicectl_models.windows import Turn, Window

regions = st.lists(st.tuples(st.integers(1, 8 * RATE), st.integers(1, 28 * RATE)), max_size=12).map(
    lambda steps: _laid_out(steps)
)


def _laid_out(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found, at = [], 0
    for pause, length in steps:
        found.append((at + pause, at + pause + length))
        at += pause + length
    return found


@given(st.lists(regions, min_size=1, max_size=5), st.data())
def test_every_region_is_in_exactly_one_window(
    speech: list[list[tuple[int, int]]], data: st.DataObject
) -> None:
    groups = [data.draw(st.integers(0, 1)) for _ in speech]
    packed = windows.pack(speech, groups)
    placed = sorted((turn.clip, turn.start, turn.end) for w in packed for turn in w.turns)
    wanted = sorted((clip, *region) for clip, found in enumerate(speech) for region in found)
    assert placed == wanted


@given(st.lists(regions, min_size=1, max_size=5))
def test_windows_hold_one_group_and_no_more_than_they_may(
    speech: list[list[tuple[int, int]]],
) -> None:
    groups = [clip % 2 for clip in range(len(speech))]
    for window in windows.pack(speech, groups):
        assert len({groups[turn.clip] for turn in window.turns}) == 1
        assert len(window.turns) == 1 or window.seconds <= windows.PACK_SECONDS


@given(st.lists(regions, min_size=1, max_size=3))
def test_turns_in_a_window_are_apart(speech: list[list[tuple[int, int]]]) -> None:
    for window in windows.pack(speech, [0] * len(speech)):
        for before, after in zip(window.turns, window.turns[1:], strict=False):
            one_leg = before.clip == after.clip
            gap = windows.PAUSE_SECONDS if one_leg else windows.GAP_SECONDS
            assert after.at - before.until == int(gap * RATE)
        assert window.of_one_clip == (len({turn.clip for turn in window.turns}) == 1)


@given(regions)
def test_a_time_in_a_window_is_mapped_back_to_its_sample(found: list[tuple[int, int]]) -> None:
    for window in windows.pack([found], [0]):
        for number, turn in enumerate(window.turns):
            middle = (turn.at + turn.until) / 2 / RATE
            assert window.turn_at(middle) == number
            assert abs(turn.in_clip(middle) - (turn.start + turn.end) / 2 / RATE) < 1e-6


def test_a_time_outside_the_turn_is_kept_inside() -> None:
    turn = Turn(clip=0, start=5 * RATE, end=6 * RATE, at=2 * RATE)
    assert turn.in_clip(0.0) == 5.0
    assert turn.in_clip(99.0) == 6.0


def test_a_window_is_its_turns_with_silence_between() -> None:
    clip = np.arange(1, 11, dtype=np.float32)
    window = Window((Turn(0, 0, 3, 0), Turn(0, 5, 8, 5)))
    assert window.fill([clip], 10).tolist() == [1, 2, 3, 0, 0, 6, 7, 8, 0, 0]


def test_a_turn_longer_than_the_window_is_cut() -> None:
    clip = np.ones(10, np.float32)
    assert Window((Turn(0, 0, 10, 0),)).fill([clip], 4).tolist() == [1, 1, 1, 1]


def test_near_regions_are_joined_but_not_beyond_the_longest() -> None:
    assert windows.join_near([(0, 10), (12, 20), (40, 50)], 5, 30) == [(0, 20), (40, 50)]
    assert windows.join_near([(0, 10), (12, 20)], 5, 15) == [(0, 10), (12, 20)]


def test_alone_gives_every_turn_a_window() -> None:
    window = Window((Turn(0, 0, 3, 0), Turn(1, 5, 8, 5)))
    assert [w.turns for w in windows.alone(window)] == [
        (Turn(0, 0, 3, 0),),
        (Turn(1, 5, 8, 0),),
    ]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=40), st.integers(1, 9))
def test_batches_leave_none_out(lengths: list[int], size: int) -> None:
    packed = [Window((Turn(0, 0, length, 0),)) for length in lengths]
    found = list(windows.batches(packed, size))
    assert sorted(index for batch in found for index in batch) == list(range(len(lengths)))
    assert all(len(batch) <= size for batch in found)


@given(st.lists(regions.filter(bool), min_size=1, max_size=8))
def test_windows_of_one_call_fit_into_few_lengths(speech: list[list[tuple[int, int]]]) -> None:
    """The encoder's library keeps memory for every length that it meets, for ever."""
    packed = windows.pack(speech, [0] * len(speech))
    seconds = windows.common_seconds(packed)
    assert seconds in range(10, 31)
    assert seconds >= min(max(window.seconds for window in packed), windows.FULL_SECONDS)
