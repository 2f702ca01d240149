from __future__ import annotations

import pysubs2
import pytest

from voicectl.render import Style
from voicectl.render.srt import render
from voicectl.types import Segment, Word

# Made by the writer of openai-whisper 20250625 from the same words.
WHISPERS_OWN = """\
1
00:00:00,000 --> 00:00:03,500
one two
three four

2
00:00:04,000 --> 00:00:05,500
five six

3
00:00:09,600 --> 00:00:10,100
later

"""


def test_hours_are_always_written_with_a_comma(call, say):
    assert "00:00:01,250 --> 00:00:01,750\n" in render(call(say("hello", 1.25)), Style())


def test_a_reader_finds_the_times_in_a_long_recording(call, say):
    (event,) = pysubs2.SSAFile.from_string(render(call(say("hello", 36_001.5)), Style()))
    assert (event.start, event.end) == (36_001_500, 36_002_000)


def test_a_reader_finds_the_text_with_its_speaker(call, say):
    written = render(call(say("hello", speaker="agent"), say("hi", 2.0)), Style())
    events = pysubs2.SSAFile.from_string(written, format_="srt")
    assert [event.text for event in events] == ["[agent]: hello", "hi"]


def test_suspected_text_says_so_after_the_speaker(call, say):
    written = render(call(say("bye bye", speaker="agent", suspect="loop")), Style())
    assert "\n[agent]: [suspect: loop] bye bye\n" in written


@pytest.mark.parametrize("text", ["a --> b", "a ---> b", "a\n\n2\n00:00:00,000 --> 9 b"])
def test_a_text_cannot_open_a_cue(call, text):
    written = render(call(Segment(0, 0.0, 1.0, text)), Style())
    assert written.count("-->") == 1
    assert len(pysubs2.SSAFile.from_string(written, format_="srt")) == 1


def test_an_arrow_made_of_two_words_cannot_open_a_cue(call):
    from_words = Style(max_words_per_line=9)
    arrow = (Word(0.0, 1.0, " --", 0.9), Word(1.0, 2.0, ">", 0.9))
    written = render(call(Segment(0, 0.0, 2.0, "-->", words=arrow)), from_words)
    assert written.count("-->") == 1


@pytest.mark.parametrize("style", [Style(), Style(max_line_width=20, max_line_count=2)])
def test_silence_makes_no_cue(call, style):
    assert render(call(Segment(0, 0.0, 1.0, "  ")), style) == ""


def test_an_end_before_the_start_is_moved_to_it(call):
    assert "00:00:02,000 --> 00:00:02,000\n" in render(call(Segment(0, 2.0, 1.0, "x")), Style())


def test_lines_are_those_of_whisper(call, say):
    record = call(say("one two three"), say("four five six", 3.0), say("later", 9.6))
    assert render(record, Style(max_line_width=11, max_line_count=2)) == WHISPERS_OWN
