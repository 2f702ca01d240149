from hypothesis import given
from hypothesis import strategies as st

from voicectl_recipes import stretches
from voicectl_recipes.stretches import between, joined

SECONDS = 100.0
pairs = st.tuples(st.floats(0, SECONDS), st.floats(0, SECONDS)).map(
    lambda pair: (min(pair), max(pair))
)


def test_what_both_legs_say_at_once_is_one_stretch() -> None:
    assert joined([(5, 8), (1, 3), (2, 4), (7, 9), (9, 10)]) == [(1, 4), (5, 10)]


def test_between_speech_lie_the_pauses_that_are_long_enough() -> None:
    assert between([(3, 10), (11, 20), (25.5, 29)], 30) == ((0, 3), (20, 25.5))


def test_a_recording_without_speech_is_skipped_whole() -> None:
    assert between([], 7.25) == ((0, 7.25),)
    assert between([], 1.0) == ()


@given(st.lists(pairs))
def test_every_moment_is_speech_or_skipped_or_in_a_short_pause(found) -> None:
    speech = joined(found)
    skipped = between(speech, SECONDS)
    covered = sum(end - start for start, end in [*speech, *skipped])
    short = SECONDS - covered
    assert -0.01 < short < stretches.SHORTEST_SECONDS * (len(speech) + 1)
    for start, end in skipped:
        assert not any(start < b - 0.001 and a < end - 0.001 for a, b in speech)
