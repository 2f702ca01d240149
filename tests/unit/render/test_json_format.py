from __future__ import annotations

import json

import msgspec
import pytest

from voicectl import parse
from voicectl.render import Style
from voicectl.render.json import render
from voicectl.types import Decoding, Segment

WHISPERS_KEYS = {
    *("id", "seek", "start", "end", "text", "tokens", "temperature"),
    *("avg_logprob", "compression_ratio", "no_speech_prob", "words"),
}
OUR_KEYS = {
    *("speaker", "speaker_confidence", "channel", "original"),
    *("language", "confidence", "suspect", "language_probability"),
}


class WhisperWord(msgspec.Struct):
    word: str
    start: float
    end: float
    probability: float


class WhisperSegment(msgspec.Struct):
    id: int
    seek: int
    start: float
    end: float
    text: str
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float
    words: list[WhisperWord]


class WhisperResult(msgspec.Struct):
    """What programs that read whisper's json rely on."""

    text: str
    language: str
    segments: list[WhisperSegment]


def test_a_program_made_for_whisper_reads_it(call, say):
    decoding = Decoding(0, (50364, 2425), 0.0, -0.25, 1.2, 0.01)
    written = render(call(say("hello you", decoding=decoding)), Style())
    result = parse.json(written, WhisperResult)
    assert result.text == "hello you"
    assert result.segments[0].tokens == [50364, 2425]
    assert [word.word for word in result.segments[0].words] == [" hello", " you"]


def test_a_segment_has_whispers_keys_and_ours(call, say):
    (segment,) = json.loads(render(call(say("hello")), Style()))["segments"]
    assert set(segment) == WHISPERS_KEYS | OUR_KEYS


def test_the_call_is_named_beside_its_text(call):
    result = json.loads(render(call(), Style()))
    del result["segments"], result["text"]
    assert result == {
        "language": "en",
        "call": "c1",
        "model": "small",
        "duration": 72.5,
        "direction": None,
        "agent": None,
        "caller": None,
        "audio": {
            "name": "a.wav",
            "sha256": "ab" * 32,
            "rate": 8000,
            "channels": 2,
            "codec": "pcm_mulaw",
            "warnings": [],
        },
        "speech_seconds": 60.25,
        "skipped": [],
        "rules": None,
        **dict.fromkeys(("entities", "labels", "scores", "risks", "steps"), []),
        "summary": None,
        "translation": None,
    }


def test_what_the_recogniser_did_not_say_is_null(call):
    (segment,) = json.loads(render(call(Segment(0, 0.0, 1.0, "x")), Style()))["segments"]
    assert segment["seek"] is None
    assert segment["tokens"] == []


def test_suspected_text_says_so(call, say):
    (segment,) = json.loads(render(call(say("x", suspect="loop")), Style()))["segments"]
    assert segment["suspect"] == "loop"


def test_text_is_utf_8_and_not_escaped(call, say):
    assert "habari 你好" in render(call(say("habari 你好")), Style())


def test_offsets_are_whole_milliseconds(call):
    written = render(call(Segment(0, 0.1 + 0.2, 1.0, "x")), Style())
    assert '"start":0.3,' in written


@pytest.mark.parametrize(("pretty", "lines"), [(False, 1), (True, 29)])
def test_pretty_json_is_indented(call, pretty, lines):
    written = render(call(), Style(pretty_json=pretty))
    assert len(written.splitlines()) == lines


def test_pretty_json_says_the_same(call, say):
    record = call(say("hello"))
    pretty = render(record, Style(pretty_json=True))
    assert json.loads(pretty) == json.loads(render(record, Style()))
