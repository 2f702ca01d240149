"""Which words share a cue and a line."""

from __future__ import annotations

import pytest

from voicectl.render import Style
from voicectl.render.cues import cues
from voicectl.types import Segment, Word


def texts(record, **style):
    return [cue.text() for cue in cues(record, Style(**style))]


def test_a_segment_is_a_cue(call, say):
    assert texts(call(say("a b"), say("c", 5.0))) == ["a b", "c"]


def test_a_line_is_broken_before_it_grows_too_wide(call, say):
    assert texts(call(say("one two three")), max_line_width=7) == ["one two\nthree"]


def test_a_word_wider_than_the_line_keeps_its_length(call, say):
    assert texts(call(say("a unbreakable b")), max_line_width=4) == ["a\nunbreakable\nb"]


def test_the_label_takes_room_in_the_first_line(call, say):
    record = call(say("hello you there", speaker="A"))
    assert texts(record, max_line_width=11) == ["[A]: hello\nyou there"]


@pytest.mark.parametrize("width", [24, 30, 42])
def test_no_line_is_wider_than_asked(call, say, width):
    record = call(say("one two three four five six seven eight", speaker="A", suspect="x"))
    lines = "\n".join(texts(record, max_line_width=width, max_line_count=2)).splitlines()
    assert max(map(len, lines)) <= width


def test_with_width_and_count_segments_of_one_speaker_flow_together(call, say):
    record = call(say("a b"), say("c d", 2.0))
    assert texts(record, max_line_width=20, max_line_count=2) == ["a b c d"]


def test_a_full_cue_is_followed_by_another(call, say):
    record = call(say("one two three four five"))
    assert texts(record, max_line_width=8, max_line_count=2) == ["one two\nthree", "four\nfive"]


def test_a_cue_never_crosses_to_another_speaker(call, say):
    record = call(say("a", speaker="A"), say("b", 1.0, speaker="B"))
    assert texts(record, max_line_width=40, max_line_count=2) == ["[A]: a", "[B]: b"]


def test_suspected_text_does_not_taint_its_neighbour(call, say):
    record = call(say("a"), say("b", 1.0, suspect="loop"))
    assert texts(record, max_line_width=40, max_line_count=2) == ["a", "[suspect: loop] b"]


@pytest.mark.parametrize(("start", "count"), [(3.0, 1), (3.01, 2)])
def test_a_long_pause_ends_a_cue(call, say, start, count):
    record = call(say("a"), say("b", start))
    assert len(texts(record, max_line_width=40, max_line_count=2)) == count


def test_few_words_a_line_makes_more_cues(call, say):
    assert texts(call(say("a b c")), max_words_per_line=2) == ["a b", "c"]


def test_few_words_a_line_holds_in_joined_cues_too(call, say):
    record = call(say("a b c"))
    style = {"max_line_width": 40, "max_line_count": 2, "max_words_per_line": 2}
    assert texts(record, **style) == ["a b\nc"]


def test_a_split_cue_takes_its_times_from_its_words(call, say):
    split = cues(call(say("a b c")), Style(max_words_per_line=2))
    assert [(cue.start, cue.end) for cue in split] == [(0.0, 1.5), (2.0, 2.5)]


def test_each_word_is_underlined_while_it_is_spoken(call, say):
    shown = [
        (cue.start, cue.end, cue.text())
        for cue in cues(call(say("a b", speaker="A")), Style(highlight_words=True))
    ]
    assert shown == [
        (0.0, 0.5, "[A]: <u>a</u> b"),
        (0.5, 1.0, "[A]: a b"),
        (1.0, 1.5, "[A]: a <u>b</u>"),
    ]


def test_a_word_that_ends_before_it_starts_is_shown_in_no_time(call):
    words = (Word(1.0, 0.5, " a", 1.0), Word(2.0, 2.5, " b", 1.0))
    record = call(Segment(0, 1.0, 2.5, "a b", words=words))
    times = [(cue.start, cue.end) for cue in cues(record, Style(highlight_words=True))]
    assert times == [(1.0, 1.0), (1.0, 2.0), (2.0, 2.5)]


def test_a_segment_without_word_times_is_not_split(call):
    record = call(Segment(0, 0.0, 2.0, " all of it"))
    assert texts(record, max_line_width=4, highlight_words=True) == ["<u>all of it</u>"]


def test_segments_without_word_times_are_joined_with_a_space(call):
    record = call(Segment(0, 0.0, 1.0, "a"), Segment(1, 1.0, 2.0, "b"))
    assert texts(record, max_line_width=40, max_line_count=2) == ["a b"]


def test_words_without_text_leave_no_empty_line(call):
    words = (Word(0.0, 1.0, " ", 1.0), Word(1.0, 2.0, "\x1b", 1.0), Word(2.0, 3.0, " a", 1.0))
    record = call(Segment(0, 0.0, 3.0, "a", words=words))
    assert texts(record, max_words_per_line=1) == ["a"]


def test_writing_without_spaces_gets_none(call):
    words = tuple(Word(place, place + 1.0, char, 1.0) for place, char in enumerate("你好吗"))
    record = call(Segment(0, 0.0, 3.0, "你好吗", words=words))
    assert texts(record, max_line_width=2) == ["你好\n吗"]
