"""txt, tsv, csv, md and rttm, read by readers that are not ours where there are any."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace

import pytest

from voicectl.render import Style, md, rttm, tsv, txt
from voicectl.render import csv as table
from voicectl.types import Segment

RTTM_LINE = re.compile(
    r"SPEAKER (?P<file>\S+) 1 (?P<start>\d+\.\d{3}) (?P<length>\d+\.\d{3}) "
    r"<NA> <NA> (?P<speaker>\S+) <NA> <NA>"
)


def rows_of_csv(record):
    return list(csv.DictReader(io.StringIO(table.render(record, Style())), strict=True))


def turns_of_rttm(record):
    matches = [RTTM_LINE.fullmatch(line) for line in rttm.render(record, Style()).splitlines()]
    assert all(matches)
    return [tuple(match.groups()) for match in matches]


def test_txt_is_one_line_a_segment(call, say):
    record = call(say("hello", speaker="agent"), Segment(1, 1.0, 2.0, "two\nlines"))
    assert txt.render(record, Style()) == "[agent]: hello\ntwo lines\n"


def test_txt_says_what_is_suspected(call, say):
    written = txt.render(call(say("bye", speaker="agent", suspect="loop")), Style())
    assert written == "[agent]: [suspect: loop] bye\n"


@pytest.mark.parametrize("break_", ["\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_no_line_break_of_any_kind_makes_a_line(call, break_):
    written = txt.render(call(Segment(0, 0.0, 1.0, f"a{break_}b")), Style())
    assert written == "a b\n"


def test_tsv_has_three_columns_in_milliseconds(call):
    record = call(Segment(0, 0.0014, 61.5, "a\tb", suspect="loop"))
    lines = list(csv.reader(io.StringIO(tsv.render(record, Style())), delimiter="\t"))
    assert lines == [["start", "end", "text"], ["1", "61500", "[suspect: loop] a b"]]


def test_csv_names_its_columns(call):
    written = table.render(call(), Style())
    assert written == "id,start,end,speaker,speaker_confidence,language,confidence,suspect,text\n"


def test_csv_keeps_every_field(call):
    segment = Segment(
        *(3, 1.5, 2.0, ' say "a, b"', "agent", 0, "en", 0.5, (), "loop"), speaker_confidence=0.875
    )
    assert rows_of_csv(call(segment)) == [
        {
            "id": "3",
            "start": "1.500",
            "end": "2.000",
            "speaker": "agent",
            "speaker_confidence": "0.875",
            "language": "en",
            "confidence": "0.500",
            "suspect": "loop",
            "text": 'say "a, b"',
        }
    ]


def test_csv_leaves_what_is_not_known_empty(call):
    (row,) = rows_of_csv(call(Segment(0, 0.0, 1.0, "x")))
    assert [row[name] for name in ("speaker", "language", "confidence", "suspect")] == [""] * 4


@pytest.mark.parametrize("opening", ["=", "+", "-", "@", "\t=", "\r=", "\n=", " =", "\x00=", "＝"])
@pytest.mark.parametrize("column", ["text", "speaker", "suspect", "language"])
def test_csv_holds_no_formula(call, opening, column):
    fields = {"text": "x"} | {column: f"{opening}cmd|' /C calc'!A0"}
    (row,) = rows_of_csv(call(Segment(0, 0.0, 1.0, **fields)))
    assert row[column].startswith("'")


def test_md_is_a_conversation(call, say):
    record = call(say("hello", 12.9, speaker="agent"), say("bye", 3675.0, suspect="loop"))
    assert md.render(record, Style()) == (
        "# a.wav\n\n"
        "Duration 01:12 · language en · model small\n\n"
        "**agent** `00:12` hello\n\n"
        "`01:01:15` *(suspect: loop)* bye\n"
    )


def test_md_without_transcript_has_title_and_duration(call):
    record = replace(call(), transcript=None)
    assert md.render(record, Style()) == "# a.wav\n\nDuration 01:12\n"


@pytest.mark.parametrize("text", ["<script>", "[a](http://b)", "**bold**", "`code`", "&lt;"])
def test_md_shows_markup_as_text(call, text):
    written = md.render(call(Segment(0, 0.0, 1.0, text)), Style()).splitlines()[-1]
    assert not re.search(r"(?<!\\)[<\[*&]", written)
    assert re.sub(r"\\(.)", r"\1", written) == f"`00:00` {text}"


def test_rttm_says_who_spoke_when(call):
    record = call(
        Segment(0, 0.5, 2.0, "x", speaker="agent"), Segment(1, 2.0, 3.25, "y"), name="a.b.wav"
    )
    assert turns_of_rttm(record) == [
        ("a.b", "0.500", "1.500", "agent"),
        ("a.b", "2.000", "1.250", "SPEAKER_00"),
    ]


def test_rttm_has_no_white_space_in_names(call):
    record = call(Segment(0, 0.0, 1.0, "x", speaker="Jane\u00a0van  Dyk"), name="my call.wav")
    assert turns_of_rttm(record) == [("my_call", "0.000", "1.000", "Jane_van_Dyk")]


def test_rttm_leaves_out_what_has_no_length(call):
    assert turns_of_rttm(call(Segment(0, 1.0, 1.0, "x"), Segment(1, 2.0, 1.0, "y"))) == []


def test_rttm_names_a_recording_that_has_no_name(call):
    assert turns_of_rttm(call(Segment(0, 0.0, 1.0, "x"), name=" "))[0][0] == "recording"
