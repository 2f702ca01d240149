"""Where turns begin and end, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voicectl.interfaces import RATE, Region
from voicectl_models.endpointing import AFTER_SECONDS, BEFORE_SECONDS, LONGEST_SECONDS, Endpointer
from voicectl_models.voice_activity import WINDOW

SECOND = round(RATE / WINDOW)
"""Windows."""


def turns(likely: Sequence[float], at_once: int = 3) -> list[Region]:
    """Feed a few windows at a time, then say that the call is over."""
    ends, found = Endpointer(), []
    for first in range(0, len(likely), at_once):
        found += ends.feed(likely[first : first + at_once])
    return [*found, *ends.rest()]


def test_a_turn_ends_with_a_pause() -> None:
    quiet, loud = [0.0] * SECOND, [0.9] * SECOND
    found = turns([*quiet, *loud, *quiet, *loud, *quiet])
    assert len(found) == 2
    begin, end = found[0]
    assert SECOND - begin / WINDOW == round(BEFORE_SECONDS * RATE / WINDOW)
    assert end / WINDOW - 2 * SECOND == round(AFTER_SECONDS * RATE / WINDOW)


def test_a_short_pause_belongs_to_the_turn() -> None:
    loud, breath = [0.9] * SECOND, [0.0] * (SECOND // 4)
    assert len(turns([*loud, *breath, *loud])) == 1


def test_it_is_known_early_that_somebody_speaks() -> None:
    ends = Endpointer()
    assert ends.feed([0.0] * SECOND + [0.9] * 4) == []
    assert ends.speaking is not None
    assert ends.settled <= ends.speaking[0]


def test_whoever_speaks_without_end_is_cut_where_it_is_softest() -> None:
    longest = round(LONGEST_SECONDS * RATE / WINDOW)
    likely = [0.9] * (2 * longest)
    likely[longest - 20] = 0.4
    first, *others = turns(likely)
    assert first == (0, (longest - 20) * WINDOW)
    assert others[0][0] == first[1], "nothing is lost between the two"


@given(st.lists(st.sampled_from((0.0, 0.2, 0.4, 0.6, 1.0)), max_size=3000), st.integers(1, 500))
def test_turns_are_in_order_apart_and_hold_all_that_is_loud(
    likely: list[float], at_once: int
) -> None:
    found = turns(likely, at_once)
    assert found == turns(likely, 1), "it does not matter how it comes"
    assert all(begin < end <= len(likely) * WINDOW for begin, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    for window, each in enumerate(likely):
        if each >= 0.5:
            assert any(begin <= window * WINDOW < end for begin, end in found)
