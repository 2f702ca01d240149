"""Which segments are translated, by whom, and who reads the translation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from voicectl.errors import UsageError
from voicectl.runners import RunnerInfo
from voicectl.translated import TranslatedSegment, Translation
from voicectl.translation import TranslateOptions, told
from voicectl.types import Audio, CallRecord, Done, Segment, Transcript, Word
from voicectl_recipes import load, said, translating
from voicectl_recipes.load import Recipe, Step

if TYPE_CHECKING:
    from voicectl.interfaces import Outcome

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AUDIO = Audio("/a.wav", "a.wav", 70.0, 8000, 1, "pcm_mulaw", "0" * 64)


def segment(
    id_: int, text: str, language: str | None = "pt", suspect: str | None = None
) -> Segment:
    words = (Word(id_, id_ + 0.9, text, 0.9),)
    return Segment(id_, id_, id_ + 0.9, text, None, None, language, 0.9, words, suspect)


SAID = (
    segment(0, "olá"),
    segment(1, "hello", "en"),
    segment(2, "obrigado obrigado", suspect="loop"),
    segment(3, "habari", "sw"),
    segment(4, " "),
    segment(5, "tchau", None),
)
RECORD = CallRecord("c", "default", AUDIO, NOW, Transcript(SAID, "pt", "base"))


class Louder:
    """Translates into capitals; knows Portuguese."""

    info = RunnerInfo("louder", "translate", "Apache-2.0")
    model = "capitals"

    def knows(self, source: str, target: str) -> bool:
        return source == "pt"

    def translate(
        self, texts: Sequence[str], source: str, target: str, heed: Callable[[float], None]
    ) -> tuple[str, ...]:
        return tuple(text.upper() for text in texts)


class Lent:
    """Lends that translator for every language."""

    def translator(self, options: TranslateOptions, source: str) -> Louder:
        return Louder()

    def heed(self) -> None:
        """Go on."""


def run(record: CallRecord, **options: object) -> Outcome:
    (step,) = load.check(Recipe("one step", (Step("translate", options),)))
    (outcome,) = step.stage.run([record], step.options, Lent())
    return outcome


def test_what_is_foreign_and_not_suspect_is_translated() -> None:
    assert RECORD.transcript is not None
    foreign = translating.foreign(RECORD.transcript, TranslateOptions())
    assert {language: [each.id for each in several] for language, several in foreign.items()} == {
        "pt": [0, 5], "sw": [3],
    }  # fmt: skip
    only = translating.foreign(RECORD.transcript, TranslateOptions(languages=("sw",)))
    assert list(only) == ["sw"]
    to_portuguese = translating.foreign(RECORD.transcript, TranslateOptions(target="pt"))
    assert list(to_portuguese) == ["en", "sw"]


def test_ids_stay_and_languages_that_the_model_does_not_know_are_left() -> None:
    outcome = run(RECORD)
    assert outcome.record is not None
    assert outcome.record.translation == Translation(
        "en", (TranslatedSegment(0, "OLÁ"), TranslatedSegment(5, "TCHAU")), "louder", "capitals"
    )
    assert (outcome.runner, outcome.model) == ("louder", "capitals")


def test_a_call_of_which_nothing_can_be_translated_is_an_error() -> None:
    outcome = run(RECORD, languages=["sw"])
    assert isinstance(outcome.error, UsageError)
    assert "does not translate from 'sw' to 'en'" in outcome.error.text
    english = replace(RECORD, transcript=Transcript((segment(0, "hello", "en"),), "en", "base"))
    translated = run(english).record
    assert translated is not None
    assert translated.translation == Translation("en", (), "", "")


def test_what_is_masked_already_is_not_translated() -> None:
    done = Done("redact", "placeholders", "", NOW, 0.1, "")
    with pytest.raises(UsageError, match="comes before redact"):
        run(replace(RECORD, done=(done,)))


@pytest.mark.parametrize(
    ("text", "source", "looped"),
    [
        ("he s------------------------------------------------------------------", "ele", True),
        ("no no no no no no no no no no no no", "não não não não não não não não não", False),
        ("he beats me and my brother every evening", "ele bate em mim e no meu irmão", False),
        ("", "", False),
    ],
)
def test_a_translation_that_repeats_itself_is_marked(text: str, source: str, looped: bool) -> None:
    assert translating.loops(text, source) is looped


def test_who_understands_one_language_reads_the_translation() -> None:
    english = Translation("en", (TranslatedSegment(3, "how are you", "loop"),), "x", "y")
    record = replace(RECORD, translation=english)
    read = said.segments(record, "classify", "en")
    assert read == told(record)
    assert read[3] == Segment(3, 3, 3.9, "how are you", language="en", suspect="loop")
    assert read[:3] == SAID[:3]
    assert said.segments(record, "classify", "fr") == SAID
    assert said.segments(record, "risk") == SAID


def test_what_nobody_translated_is_told() -> None:
    english = Translation("en", (TranslatedSegment(3, "how are you"),), "x", "y")
    assert said.foreign(RECORD, "en") == (0, 3)
    assert said.foreign(replace(RECORD, translation=english), "en") == (0,)
    assert said.foreign(RECORD, "pt") == (1, 3)


def test_voices_are_told_apart_before_it() -> None:
    (step,) = load.check(Recipe("one step", (Step("diarize"),)))
    record = replace(RECORD, translation=Translation("en", (), "x", "y"))
    with pytest.raises(UsageError, match="comes before translate"):
        list(step.stage.run([record], step.options, Lent()))
