"""Every recogniser that is installed keeps its promises, on a real call with real weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import MODELS
from voicectl import registry
from voicectl.errors import Cancelled, ModelMissing
from voicectl.interfaces import RATE, Clip, TranscribeOptions, Transcriber
from voicectl.types import Segment
from voicectl_models import decode, speech

DATA = Path(__file__).parents[1] / "data"
OPTIONS = TranscribeOptions(threads=2, beam_size=1)
Loaded = dict[str, Transcriber]


@pytest.fixture(scope="module", params=registry.names(registry.TRANSCRIBERS))
def backend(request: pytest.FixtureRequest) -> type[Transcriber]:
    found: type[Transcriber] = registry.load(registry.TRANSCRIBERS, request.param)
    return found


@pytest.fixture(scope="module")
def english(backend: type[Transcriber], loaded: Loaded) -> Transcriber:
    return loaded.setdefault("tiny.en", backend(str(MODELS / "tiny.en"), "tiny.en", OPTIONS))


@pytest.fixture(scope="module")
def multilingual(backend: type[Transcriber], loaded: Loaded) -> Transcriber:
    return loaded.setdefault("base", backend(str(MODELS / "base"), "base", OPTIONS))


@pytest.fixture(scope="module")
def loaded() -> Loaded:
    return {}


def legs(name: str, seconds: float = 30.0, offset: float = 0.0) -> list[Clip]:
    block = next(decode.blocks(str(DATA / name), name))
    cut = block.samples[:, : int(seconds * RATE)]
    clips = [Clip(samples, offset, channel, group=channel) for channel, samples in enumerate(cut)]
    return speech.find(clips, OPTIONS)


def hear(
    runner: Transcriber,
    clips: list[Clip],
    options: TranscribeOptions = OPTIONS,
    language: str = "en",
) -> list[tuple[int, Segment]]:
    return list(runner.transcribe(clips, options, language, lambda share: None))


def said(found: list[tuple[int, Segment]], clip: int) -> str:
    return " ".join(segment.text for index, segment in found if index == clip).lower()


def test_each_leg_gets_its_own_words(english: Transcriber) -> None:
    found = hear(english, legs("call_en_0_2ch_mulaw.wav"))
    assert "number to be blacklisted" in said(found, 0)
    assert "capital letter" in said(found, 1)
    assert "conference" not in said(found, 1)


@pytest.mark.parametrize("order", [False, True], ids=["packed", "in order"])
def test_segments_and_words_are_ordered_and_inside_their_clip(
    english: Transcriber, order: bool
) -> None:
    options = TranscribeOptions(threads=2, beam_size=1, condition_on_previous_text=order)
    offset = 100.0
    for clip in (0, 1):
        one = [segment for index, segment in hear(
            english, legs("call_en_0_2ch_mulaw.wav", offset=offset), options
        ) if index == clip]  # fmt: skip
        assert one
        for before, after in zip(one, one[1:], strict=False):
            assert before.start <= after.start
        for segment in one:
            assert offset <= segment.start <= segment.end <= offset + 30.5
            assert segment.words
            assert all(word.start <= word.end for word in segment.words)
            assert "".join(word.text for word in segment.words).strip() == segment.text
            assert segment.confidence is not None
            assert 0 < segment.confidence <= 1


def test_what_is_heard_together_is_heard_as_alone(english: Transcriber) -> None:
    clips = legs("call_en_0_2ch_mulaw.wav")
    together = hear(english, [*clips, *clips])
    assert said(together, 0) == said(together, 2)
    assert "conference is now locked" in said(together, 2)


def test_without_speech_there_is_no_text(english: Transcriber) -> None:
    quiet = [Clip(np.zeros(30 * RATE, np.float32), 0.0), Clip(np.zeros(0, np.float32), 0.0)]
    assert hear(english, speech.find(quiet, OPTIONS)) == []


def test_it_stops_when_it_is_told_to(english: Transcriber) -> None:
    def no_longer(share: float) -> None:
        raise Cancelled("cancelled")

    with pytest.raises(Cancelled):
        list(english.transcribe(legs("call_en_0_2ch_mulaw.wav"), OPTIONS, "en", no_longer))


@pytest.mark.parametrize("order", [False, True], ids=["packed", "in order"])
def test_progress_only_grows_and_comes_near_the_end(english: Transcriber, order: bool) -> None:
    options = TranscribeOptions(threads=2, beam_size=1, condition_on_previous_text=order)
    told: list[float] = []
    list(english.transcribe(legs("call_en_0_2ch_mulaw.wav"), options, "en", told.append))
    assert told == sorted(told)
    assert 0.9 < told[-1] <= 1.0
    assert {type(share) for share in told} == {float}, "it is sent, and NumPy's cannot be"


def test_the_language_is_found_out(multilingual: Transcriber) -> None:
    english, spanish = legs("call_en_0_2ch_mulaw.wav"), legs("call_es_0_2ch_mulaw.wav", 9.0)
    found = multilingual.detect([*english, *spanish], OPTIONS)
    assert [max(each, key=each.__getitem__) for each in found] == ["en", "en", "es", "es"]
    for chances in found:
        assert sum(chances.values()) == pytest.approx(1.0, abs=0.01)
        assert max(chances.values()) > 0.5


def test_an_english_model_says_english(english: Transcriber) -> None:
    assert english.detect(legs("call_es_0_2ch_mulaw.wav"), OPTIONS) == [{"en": 1.0}] * 2


def test_speech_is_translated_to_english(multilingual: Transcriber) -> None:
    options = TranscribeOptions(threads=2, beam_size=5, task="translate")
    found = hear(multilingual, legs("call_es_0_2ch_mulaw.wav"), options, "es")
    words = said(found, 0).split()
    assert {"the", "to", "your", "is", "please"} & set(words)
    assert all(segment.language == "en" for _, segment in found)


def test_broken_weights_are_a_missing_model(backend: type[Transcriber], tmp_path: Path) -> None:
    for file in (MODELS / "tiny.en").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ModelMissing, match="cannot be loaded"):
        backend(str(tmp_path), "broken", OPTIONS)


def test_doubtful_text_is_flagged_and_not_dropped(english: Transcriber) -> None:
    generator = np.random.default_rng(7)
    noise = (0.05 * generator.standard_normal(20 * RATE)).astype(np.float32)
    clip = Clip(noise, 0.0, speech=((0, len(noise)),))  # as if noise were taken for speech
    found = hear(english, [clip])
    assert all(segment.suspect for _, segment in found), found


@pytest.mark.parametrize("kind", ["noise", "hum", "silence"])
def test_names_it_was_told_are_not_invented_where_nobody_speaks(
    english: Transcriber, kind: str
) -> None:
    seconds = np.arange(20 * RATE) / RATE
    sound = {
        "noise": 0.05 * np.random.default_rng(3).standard_normal(20 * RATE),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * seconds),
        "silence": 0 * seconds,
    }[kind].astype(np.float32)
    names = TranscribeOptions(threads=2, vocabulary=("Otieno", "Wanjiru", "Kisumu", "Sintra"))
    assert hear(english, speech.find([Clip(sound, 0.0)], names), names) == []
    forced = [Clip(sound, 0.0, speech=((0, len(sound)),))]  # as if it were taken for speech
    assert all(segment.suspect for _, segment in hear(english, forced, names))
