"""Words go to turns; segments end where the speaker changes."""

from __future__ import annotations

from typing import Any

import pytest

from voicectl.interfaces import Turn
from voicectl.types import Decoding, Segment, Word
from voicectl_recipes.attribution import attributed


def words(*starts: float, length: float = 0.5) -> tuple[Word, ...]:
    return tuple(Word(start, start + length, f" w{start:g}", 0.8) for start in starts)


def segment(*starts: float, **more: Any) -> Segment:
    said = words(*starts)
    text = "".join(word.text for word in said).strip()
    return Segment(0, said[0].start, said[-1].end, text, words=said, **more)


def told(segments: list[Segment], *turns: Turn) -> list[tuple[int | None, str, float, float]]:
    return [(who, one.text, one.start, one.end) for one, who in attributed(segments, turns)]


FIRST, SECOND = Turn(0.0, 2.0, 0, 0.9), Turn(2.0, 4.0, 1, 0.7)


def test_a_segment_of_one_speaker_stays_whole() -> None:
    whole = segment(0.0, 0.5, 1.0)
    ((found, who),) = attributed([whole], [FIRST, SECOND])
    assert who == 0
    assert found.speaker_confidence == 0.9
    assert (found.text, found.words) == (whole.text, whole.words)


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    found = told([segment(0.5, 1.0, 2.0, 3.0)], FIRST, SECOND)
    assert found == [(0, "w0.5 w1", 0.5, 1.5), (1, "w2 w3", 2.0, 3.5)]


def test_a_word_on_the_edge_goes_where_more_of_it_lies() -> None:
    found = told([segment(0.5, 1.0, 1.7, 2.5)], FIRST, SECOND)
    assert [text for _, text, _, _ in found] == ["w0.5 w1 w1.7", "w2.5"]


@pytest.mark.parametrize(("start", "who"), [(5.0, 1), (9.0, 1), (-3.0, 0), (2.2, 0), (2.8, 1)])
def test_a_word_outside_of_all_turns_goes_to_the_nearest(start: float, who: int) -> None:
    turns = (Turn(0.0, 2.0, 0, 1.0), Turn(3.5, 4.0, 1, 1.0))
    assert [voice for voice, *_ in told([segment(start)], *turns)] == [who]


def test_a_blip_joins_its_neighbours() -> None:
    turns = (Turn(0.0, 1.0, 0, 0.9), Turn(1.0, 1.3, 1, 0.6), Turn(1.3, 4.0, 0, 0.9))
    said = Segment(0, 0.0, 3.0, "a b c", words=(
        Word(0.0, 0.9, " a", 1.0), Word(1.0, 1.3, " b", 1.0), Word(1.4, 3.0, " c", 1.0),
    ))  # fmt: skip
    ((found, who),) = attributed([said], turns)
    assert (who, found.text) == (0, "a b c")
    assert found.speaker_confidence == pytest.approx(0.6)  # one word of three speaks against it


def test_where_two_speak_at_once_the_greater_share_wins() -> None:
    turns = (Turn(0.0, 10.0, 0, 0.9), Turn(4.0, 5.0, 1, 0.9))
    assert [who for who, *_ in told([segment(4.9)], *turns)] == [0]


def test_a_turn_inside_a_longer_one_does_not_hide_it() -> None:
    turns = (Turn(0.0, 20.0, 0, 0.9), Turn(1.0, 2.0, 1, 0.9), Turn(30.0, 31.0, 1, 0.9))
    assert [who for who, *_ in told([segment(15.0)], *turns)] == [0]


def test_segments_without_words_and_of_channels() -> None:
    bare = Segment(0, 2.5, 3.5, "hello")
    left = segment(0.0, channel=0, speaker="agent")
    found = attributed([left, bare], [FIRST, SECOND])
    assert found[0] == (left, None)
    assert found[1][1] == 1
    assert found[1][0].speaker_confidence == 0.7


def test_without_turns_nothing_changes() -> None:
    assert attributed([segment(1.0)], []) == [(segment(1.0), None)]


def test_tokens_stay_with_the_first_part_and_the_rest_with_every_part() -> None:
    decoding = Decoding(0, (1, 2, 3), 0.0, -0.2, 1.1, 0.01)
    doubted = segment(0.5, 2.5, decoding=decoding, suspect="loop", language="en", original="w w")
    first, second = (part for part, _ in attributed([doubted], [FIRST, SECOND]))
    assert first.decoding == decoding
    assert second.decoding is not None
    assert (second.decoding.tokens, second.decoding.avg_logprob) == ((), -0.2)
    assert (first.original, second.original) == ("w w", None)
    assert (first.suspect, second.suspect, second.language) == ("loop", "loop", "en")


def test_no_word_is_lost_or_doubled() -> None:
    starts = [k * 0.5 for k in range(60)]
    turns = [Turn(k * 1.3, k * 1.3 + 1.3, k % 2, 0.9) for k in range(25)]
    found = attributed([segment(*starts[:40]), segment(*starts[40:])], turns)
    assert [word for part, _ in found for word in part.words] == list(words(*starts))
