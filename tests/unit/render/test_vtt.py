from __future__ import annotations

import pysubs2
import pytest
import webvtt

from voicectl.render import Style
from voicectl.render.vtt import render
from voicectl.types import Segment


def test_the_header_stands_alone_when_nothing_was_said(call):
    assert render(call(), Style()) == "WEBVTT\n\n"


def test_hours_are_left_out_while_there_are_none(call, say):
    assert "\n00:01.250 --> 00:01.750\n" in render(call(say("hello", 1.25)), Style())


def test_hours_are_written_when_there_are_some(call, say):
    assert "\n01:00:00.000 --> 01:00:00.500\n" in render(call(say("hello", 3600.0)), Style())


def test_webvtt_reads_times_and_text(call, say):
    written = render(call(say("hello", 1.0, speaker="agent"), say("hi", 3600.0)), Style())
    found = [(cue.start, cue.end, cue.text) for cue in webvtt.from_string(written)]
    assert found == [
        ("00:00:01.000", "00:00:01.500", "[agent]: hello"),
        ("01:00:00.000", "01:00:00.500", "hi"),
    ]


def test_pysubs2_reads_times_and_text(call, say):
    (event,) = pysubs2.SSAFile.from_string(render(call(say("hello", 3600.0)), Style()))
    assert (event.start, event.end, event.text) == (3_600_000, 3_600_500, "hello")


@pytest.mark.parametrize(
    "text", ["<b>x</b>", "<v Boss>pay", "a & b", "&lt;", "-->", "--->", "x\n\nNOTE y"]
)
def test_a_text_cannot_write_markup(call, text):
    written = render(call(Segment(0, 0.0, 1.0, text, speaker=text)), Style())
    body = written.split("\n", 3)[3]
    assert "<" not in body
    assert ">" not in body
    assert len(webvtt.from_string(written)) == 1


def test_special_characters_are_escaped(call):
    assert "a &amp; &lt;b&gt;" in render(call(Segment(0, 0.0, 1.0, "a & <b>")), Style())


def test_an_arrow_loses_a_dash_as_it_does_in_whisper(call):
    assert "a -&gt; b" in render(call(Segment(0, 0.0, 1.0, "a --> b")), Style())


def test_suspected_text_says_so_in_a_class_of_its_own(call, say):
    written = render(call(say("bye", speaker="agent", suspect="loop")), Style())
    assert "\n[agent]: <c.suspect>[suspect: loop]</c> bye\n" in written
    assert webvtt.from_string(written)[0].text == "[agent]: [suspect: loop] bye"


def test_the_tag_of_the_spoken_word_is_no_text(call, say):
    written = render(call(say("a <b> c")), Style(highlight_words=True))
    assert "a <u>&lt;b&gt;</u> c" in written
