"""A translation, masked: whatever was found on either side is hidden on both, or not told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from voicectl.errors import UsageError
from voicectl.translated import TranslatedSegment, Translation
from voicectl.types import Audio, CallRecord, Done, Segment, Transcript
from voicectl.understanding import Entity, Sentence, Summary
from voicectl_recipes import load
from voicectl_recipes.load import Recipe, Step
from voicectl_recipes.redaction import redacted

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AUDIO = Audio("/a.wav", "a.wav", 70.0, 8000, 1, "pcm_mulaw", "0" * 64)


def call(*pairs: tuple[str, str | None], language: str = "pt") -> CallRecord:
    """A call in which `<NAME x>` marks what was found, on either side."""
    segments, texts, entities, there = [], [], [], []
    for at, (said, other) in enumerate(pairs):
        plain, marked = taken_apart(said, at)
        segments.append(Segment(at, 3.0 * at, 3.0 * at + 0.9, plain, language=language))
        entities += marked
        if other is not None:
            plain, marked = taken_apart(other, at)
            texts.append(TranslatedSegment(at, plain))
            there += marked
    return CallRecord(
        "c", "default", AUDIO, NOW,
        transcript=Transcript(tuple(segments), language, "base"),
        entities=tuple(entities),
        translation=Translation("en", tuple(texts), "firefox", "firefox-pt-en"),
        translated_entities=tuple(there),
    )  # fmt: skip


def taken_apart(text: str, segment: int) -> tuple[str, list[Entity]]:
    plain, marked = "", []
    for piece in text.split("<"):
        inside, closed, after = piece.rpartition(">")
        if closed:
            label, _, words = inside.partition(" ")
            marked.append(Entity(label, words, segment, len(plain), len(plain) + len(words), 0.9))
            plain += words
        plain += after
    return plain, marked


def texts(record: CallRecord) -> dict[int, str]:
    assert record.translation is not None
    return {each.segment: each.text for each in record.translation.segments}


def said(record: CallRecord) -> list[str]:
    assert record.transcript is not None
    return [segment.text for segment in record.transcript.segments]


def test_one_person_has_one_placeholder_in_both() -> None:
    masked = redacted(
        call(
            ("meu nome é <NAME joão silva>", "my name is <NAME João Silva>"),
            ("a <NAME ana> viu", "<NAME Ana> saw it"),
        )
    )
    assert said(masked) == ["meu nome é [NAME_1]", "a [NAME_2] viu"]
    assert texts(masked) == {0: "my name is [NAME_1]", 1: "[NAME_2] saw it"}
    assert [each.text for each in masked.translated_entities] == ["[NAME_1]", "[NAME_2]"]
    for each in masked.translated_entities:
        assert texts(masked)[each.segment][each.start : each.end] == each.text


def test_a_name_that_was_found_on_one_side_only() -> None:
    masked = redacted(
        call(
            ("falei com <NAME jussara>", "I talked to jussara"),
            ("e com iracema", "and to <NAME Iracema>"),
            ("a jussara sabe", "jussara knows"),
        )
    )
    assert said(masked)[:2] == ["falei com [NAME_1]", "e com [NAME_2]"]
    assert texts(masked) == {0: "I talked to [NAME_1]", 1: "and to [NAME_2]", 2: "[NAME_1] knows"}


@pytest.mark.parametrize(
    ("this", "other"),
    [
        ("moro em <PLACE recife>", "I live in reef"),
        ("ligue no <PHONE nove um dois três>", "call nine <PHONE two three>"),
        ("meu nome é <NAME a n a>", "my name is a <NAME n a>"),
        ("sou <NAME rosa> de <PLACE recife>", "I am <PLACE pink> from <PLACE recife>"),
        ("ligue no nove um dois três", "call 9123"),
    ],
)
def test_a_segment_whose_translation_hides_less_is_not_told(this: str, other: str) -> None:
    masked = redacted(call((this, other), ("obrigado", "thank you")))
    assert texts(masked) == {1: "thank you"}
    assert all(each.segment == 1 for each in masked.translated_entities)


def test_what_was_heard_with_it_is_not_told_either() -> None:
    """Translated words may stand in the segment beside their own."""
    record = call(("moro em <PLACE recife>", "I live"), ("no norte", "in reef, in the north"))
    assert record.transcript is not None
    assert record.translation is not None
    first, second = record.transcript.segments
    near = replace(second, start=first.end + 0.2)
    written = replace(record, transcript=replace(record.transcript, segments=(first, near)))
    by_ear = replace(written, translation=replace(record.translation, runner="firefox, speech"))
    assert texts(redacted(by_ear)) == {}
    assert list(texts(redacted(written))) == [1], "text is translated segment by segment"


def test_a_number_that_is_written_alike_is_told() -> None:
    masked = redacted(call(("ligue no <PHONE 0722 123 456>", "call <PHONE 0722 123 456>")))
    assert texts(masked) == {0: "call [PHONE_1]"}


def test_what_was_not_translated_is_masked_as_ever() -> None:
    record = call(
        ("my name is <NAME Ana Lima>", None), ("a <NAME ana lima> viu", "Ana Lima saw it")
    )
    assert said(redacted(record))[0] == "my name is [NAME_1]"
    assert texts(redacted(record)) == {1: "[NAME_1] saw it"}


def test_a_summary_of_the_translation_is_masked_where_its_names_stand() -> None:
    record = call(
        ("o <NAME joão> bate", "<NAME John> hits her"),
        ("moro em <PLACE recife>", "I live in reef"),
        ("hello <NAME Mary> here", None),
    )
    picked = ("John hits her", (0,)), ("I live in reef", (1,)), ("hello Mary here", (2,))
    told = Summary((*(Sentence(*each) for each in picked), Sentence("John and joão.", ())), "m")
    masked = redacted(replace(record, summary=told))
    assert masked.summary is not None
    first, second, third, free = (each.text for each in masked.summary.sentences)
    assert first.endswith(" hits her")
    assert second == "moro em [PLACE_1]", "its translation is not told"
    assert third.startswith("hello [NAME_")
    assert "John" not in free
    assert "joão" not in free


def test_only_chosen_kinds_are_masked_and_compared() -> None:
    record = call(("<NAME ana> mora em <PLACE recife>", "<NAME Ana> lives in reef"))
    masked = redacted(record, ("NAME",))
    assert said(masked) == ["[NAME_1] mora em recife"]
    assert texts(masked) == {0: "[NAME_1] lives in reef"}


def test_nothing_that_was_found_is_left_anywhere() -> None:
    record = call(
        ("meu nome é <NAME nasimiyu wekesa>", "my name is <NAME Nasimiyu> Wekesa"),
        ("moro em <PLACE bungoma>", "I live in Bungoma, says Nasimiyu"),
        ("o <NAME barasa> bate", "Barasa beats, Barasa from Bungoma"),
    )
    whole = msgspec.json.encode(redacted(record)).decode().casefold()
    for word in ("nasimiyu", "wekesa", "bungoma", "barasa"):
        assert word not in whole


def test_a_translation_that_changed_since_is_refused() -> None:
    record = call(("o <NAME joão> bate", "<NAME John> hits"))
    assert record.translation is not None
    other = replace(record.translation, segments=(TranslatedSegment(0, "he hits, John does"),))
    with pytest.raises(UsageError, match="changed"):
        redacted(replace(record, translation=other))


def test_names_have_to_be_looked_for() -> None:
    done = tuple(Done(stage, "x", "y", NOW, 1.0, "") for stage in ("transcribe", "translate"))
    record = replace(call(("olá", "hello")), done=done)
    (step,) = load.check(Recipe("masking", (Step("redact"),)))
    with pytest.raises(UsageError, match="nobody looked for names yet"):
        list(step.stage.run([record], step.options, Idle()))


class Idle:
    """What a stage is lent that needs nothing."""

    def heed(self) -> None:
        """Go on."""
