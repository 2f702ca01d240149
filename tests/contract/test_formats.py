"""Every installed format keeps the promise of `voicectl.render`, ours and a third party's."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicectl import registry
from voicectl.render import Style
from voicectl.types import Audio, CallRecord, Decoding, Segment, Transcript, Word

Render = Callable[[CallRecord, Style], str]

PLAIN = Style()
BUSY = Style(
    max_line_width=12,
    max_line_count=2,
    max_words_per_line=2,
    highlight_words=True,
    pretty_json=True,
)
AUDIO = Audio("/srv/calls/a.wav", "a.wav", 4000.0, 8000, 2, "pcm_mulaw", "ab" * 32)
CALL = CallRecord("c1", "default", AUDIO, datetime(2024, 5, 1, tzinfo=UTC))
HOSTILE = "\x1b[31m\x00\x07red\x9b2J\x85\r\n\u2028\u202f\x7f\ud800 --> <script>\t=1+1"

offsets = st.floats(min_value=0, max_value=400_000)
shares = st.floats(min_value=0, max_value=1)
texts = st.one_of(st.text(max_size=30), st.just(HOSTILE), st.just("\ud83d"))
maybe_text = st.none() | texts
words = st.builds(Word, offsets, offsets, texts, shares)
decodings = st.builds(
    Decoding, st.integers(0, 9000), st.just((1, 2)), shares, shares, shares, shares
)
segments = st.builds(
    Segment,
    id=st.integers(0, 9),
    start=offsets,
    end=offsets,
    text=texts,
    speaker=maybe_text,
    channel=st.none() | st.integers(0, 1),
    language=maybe_text,
    confidence=st.none() | shares,
    words=st.lists(words, max_size=4).map(tuple),
    suspect=maybe_text,
    decoding=st.none() | decodings,
)
transcripts = st.builds(Transcript, st.lists(segments, max_size=5).map(tuple), maybe_text, texts)
records = st.builds(
    lambda name, transcript: replace(CALL, audio=replace(AUDIO, name=name), transcript=transcript),
    texts,
    st.none() | transcripts,
)
counts = st.none() | st.integers(1, 40)
styles = st.builds(
    Style,
    max_line_width=counts,
    max_line_count=counts,
    max_words_per_line=counts,
    highlight_words=st.booleans(),
    pretty_json=st.booleans(),
)


@pytest.fixture(params=registry.names(registry.FORMATS), scope="module")
def render(request: pytest.FixtureRequest) -> Render:
    loaded: Render = registry.load(registry.FORMATS, request.param)
    return loaded


def said(*found: Segment) -> CallRecord:
    return replace(CALL, transcript=Transcript(found, "en", "small"))


def is_fit_for_a_terminal(text: str) -> bool:
    return all(unicodedata.category(char) not in ("Cc", "Cs") or char in "\n\t" for char in text)


def test_the_formats_of_the_product_are_installed() -> None:
    expected = {"txt", "srt", "vtt", "tsv", "json", "csv", "md", "rttm"}
    assert expected <= set(registry.names(registry.FORMATS))


@pytest.mark.parametrize("style", [PLAIN, BUSY])
def test_a_call_in_which_nothing_was_said_has_a_file(render: Render, style: Style) -> None:
    assert isinstance(render(said(), style), str)


@pytest.mark.parametrize("style", [PLAIN, BUSY])
def test_a_call_without_transcript_has_a_file(render: Render, style: Style) -> None:
    assert isinstance(render(CALL, style), str)


def test_a_file_ends_with_a_line_break(render: Render) -> None:
    assert render(said(Segment(0, 0.0, 1.0, " Hello.")), PLAIN).endswith("\n")


@pytest.mark.parametrize("name", ["Amína", "王小明", "محمد", "Zoë 👩‍👩‍👧"])
def test_names_of_any_script_are_written_as_they_are(render: Render, name: str) -> None:
    written = render(said(Segment(0, 0.0, 1.0, name, speaker=name)), PLAIN)
    assert name.split()[0] in written


@pytest.mark.parametrize("style", [PLAIN, BUSY])
def test_a_terminal_obeys_nothing_that_a_caller_said(render: Render, style: Style) -> None:
    spoken = (Word(0.0, 1.0, HOSTILE, 1.0),)
    segment = Segment(0, 0.0, 1.0, HOSTILE, HOSTILE, language=HOSTILE, words=spoken)
    segment = replace(segment, suspect=HOSTILE)
    hostile = replace(said(segment), audio=replace(AUDIO, name=HOSTILE, codec=HOSTILE))
    assert is_fit_for_a_terminal(render(hostile, style))


@settings(deadline=None)
@given(record=records, style=styles)
def test_any_record_makes_a_file_fit_for_a_terminal(
    render: Render, record: CallRecord, style: Style
) -> None:
    written = render(record, style)
    assert is_fit_for_a_terminal(written)
    assert written.encode().decode() == written


@settings(deadline=None, max_examples=25)
@given(record=records, style=styles)
def test_the_same_record_makes_the_same_file(
    render: Render, record: CallRecord, style: Style
) -> None:
    assert render(record, style) == render(record, style)
