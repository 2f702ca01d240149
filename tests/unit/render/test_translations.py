"""Which files a translated call has, and what is in them."""

from __future__ import annotations

from dataclasses import replace

from voicectl.registry import FORMATS, load, names
from voicectl.render import Style
from voicectl.render.translations import files, in_translation
from voicectl.translated import TranslatedSegment, Translation


def told(call, say):
    record = call(say("habari"), replace(say("hello"), id=1))
    english = Translation("en", (TranslatedSegment(0, "how are you", "loop"),), "nllb", "600M")
    return replace(record, translation=english)


def test_beside_every_file_with_words_stands_one_with_the_translation(call, say):
    record = told(call, say)
    assert [(fmt, ending) for fmt, ending, _ in files(record, ("srt", "json", "rttm", "txt"))] == [
        ("srt", "en.srt"), ("txt", "en.txt"),
    ]  # fmt: skip
    assert list(files(call(say("hello")), ("srt",))) == []
    nothing = replace(record, translation=Translation("en", (), "", ""))
    assert list(files(nothing, ("srt",))) == [], "it was in English anyway"


def test_what_was_not_translated_stands_there_as_it_was_said(call, say):
    record = told(call, say)
    text = load(FORMATS, "txt")(in_translation(record), Style())
    assert "[suspect: loop] how are you\n" in text
    assert "hello\n" in text
    assert "habari" not in text


def test_every_format_can_write_it(call, say):
    for name in names(FORMATS):
        assert load(FORMATS, name)(in_translation(told(call, say)), Style())
