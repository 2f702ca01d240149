"""Which language is spoken where: windows, votes, switches, without any model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from voicectl.interfaces import RATE, Clip, LanguageGuess, TranscribeOptions
from voicectl_recipes import languages

Answer = Callable[[float], Mapping[str, float]]
SURE_SW, SURE_EN = {"sw": 0.9, "en": 0.05, "yo": 0.05}, {"en": 0.95, "sw": 0.03, "yo": 0.02}


def clip(*turns: tuple[float, float], recording: int = 0, channel: int | None = None) -> Clip:
    """A leg of an hour in which somebody speaks; a sample is its own time in seconds."""
    last = max((end for _, end in turns), default=1.0)
    regions = tuple((int(start * RATE), int(end * RATE)) for start, end in turns)
    times = (np.arange(int(last * RATE) + 1) / RATE).astype(np.float32)
    return Clip(times, 0.0, channel, recording, speech=regions)


class Listener:
    """Answers by the time in the middle of what it is asked about, and counts."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[Clip] = []

    def __call__(self, windows: Sequence[Clip]) -> list[Mapping[str, float]]:
        self.asked += windows
        return [self._answer(self._middle(window)) for window in windows]

    @staticmethod
    def _middle(window: Clip) -> float:
        parts = [window.samples[start:end] for start, end in window.speech]
        return float(np.concatenate(parts).mean())


def found(
    clips: Sequence[Clip], listener: Listener, before: Mapping[languages.Leg, str] | None = None,
    **options: Any,
) -> list[list[str]]:  # fmt: skip
    wanted = TranscribeOptions(**options)
    guesses = languages.spoken(clips, wanted, listener, before or {})
    return [[guess.language for guess in several] for several in guesses]


def test_windows_are_spread_over_the_speech_of_the_whole_recording() -> None:
    speech = clip((0.0, 20.0), (300.0, 320.0)).speech
    windows = languages.spread(speech, 4)
    assert len(windows) == 4
    assert windows[0][0][0] == 0
    assert windows[-1][-1][1] == 320 * RATE
    assert all(sum(end - start for start, end in window) == 10 * RATE for window in windows)


@pytest.mark.parametrize(
    ("seconds", "windows"), [(0.5, 1), (9.0, 1), (15.0, 2), (60.0, 4), (600.0, 20)]
)
def test_as_many_windows_as_the_speech_deserves(seconds: float, windows: int) -> None:
    assert len(languages.spread(((0, int(seconds * RATE)),), 4)) == windows


def test_a_leg_that_agrees_is_not_asked_again() -> None:
    listener = Listener(lambda time: SURE_SW)
    turns = [(10.0 * n, 10.0 * n + 6) for n in range(12)]
    assert found([clip(*turns)], listener) == [["sw"] * 12]
    assert len(listener.asked) == 4


def test_a_switch_inside_a_leg_is_followed() -> None:
    listener = Listener(lambda time: SURE_EN if 40 < time < 80 else SURE_SW)
    turns = [(10.0 * n, 10.0 * n + 6) for n in range(12)]
    (heard,) = found([clip(*turns)], listener)
    assert heard == ["sw"] * 4 + ["en"] * 4 + ["sw"] * 4


def test_a_switch_that_is_not_sure_keeps_the_language() -> None:
    def listen(time: float) -> Mapping[str, float]:
        return {"yo": 0.55, "sw": 0.4} if 40 < time < 80 else SURE_SW

    turns = [(10.0 * n, 10.0 * n + 6) for n in range(12)]
    assert found([clip(*turns)], Listener(listen)) == [["sw"] * 12]
    (bolder,) = found([clip(*turns)], Listener(listen), language_detection_threshold=0.5)
    assert bolder[4:8] == ["yo"] * 4


def test_only_allowed_languages_are_found() -> None:
    listener = Listener(lambda time: {"yo": 0.8, "sw": 0.15, "en": 0.05})
    assert found([clip((0.0, 6.0))], listener, languages=("en", "sw")) == [["sw"]]
    nothing = Listener(lambda time: {"yo": 1.0})
    assert found([clip((0.0, 6.0))], nothing, languages=("sw", "en")) == [["sw"]]


def test_legs_have_languages_of_their_own() -> None:
    agent = clip((0.0, 20.0), channel=0)
    caller = clip((0.0, 0.0), (30.0, 45.0), channel=1)
    listener = Listener(lambda time: SURE_EN if time < 25 else SURE_SW)
    assert found([agent, caller], listener) == [["en"], ["sw", "sw"]]


def test_a_leg_nobody_is_sure_of_follows_the_call() -> None:
    agent = clip((0.0, 40.0), channel=0)
    caller = clip((50.0, 52.0), channel=1)
    stranger = clip((50.0, 52.0), recording=1)
    listener = Listener(lambda time: {"zh": 0.4, "en": 0.3} if time > 45 else SURE_EN)
    assert found([agent, caller, stranger], listener) == [["en"], ["en"], ["zh"]]


def test_a_later_piece_remembers_what_was_spoken() -> None:
    listener = Listener(lambda time: {"yo": 0.5, "sw": 0.4})
    piece = clip((0.0, 5.0), channel=1)
    assert found([piece], listener, {(0, 1): "sw"}) == [["sw"]]
    assert found([piece], listener, {(0, 0): "sw"}) == [["yo"]]


def test_what_is_read_in_order_has_one_language_a_leg() -> None:
    listener = Listener(lambda time: SURE_EN if time > 80 else SURE_SW)
    turns = [(10.0 * n, 10.0 * n + 6) for n in range(12)]
    assert found([clip(*turns)], listener, condition_on_previous_text=True) == [["sw"] * 12]


def test_without_speech_nothing_is_asked() -> None:
    listener = Listener(lambda time: SURE_SW)
    assert found([clip()], listener) == [[]]
    assert listener.asked == []


def test_short_turns_are_asked_with_their_neighbours() -> None:
    speech = clip((0.0, 1.0), (5.0, 6.0), (10.0, 15.0), (20.0, 29.0), (40.0, 41.0)).speech
    assert languages.stretches(speech) == [[0, 1, 2], [3, 4]]
    assert languages.stretches(speech[:1]) == [[0]]
    assert languages.stretches(()) == []


def test_what_is_unsure_stays_with_the_likelier_of_main_and_last() -> None:
    heard = [{"en": 0.9, "sw": 0.1}, {"en": 0.5, "sw": 0.3}, {"en": 0.2, "sw": 0.35, "zh": 0.45}]
    assert languages.verdicts(heard, "sw", 0.6) == [
        LanguageGuess("en", 0.9),
        LanguageGuess("en", 0.5),
        LanguageGuess("sw", 0.35),
    ]


def test_one_allowed_language_is_given() -> None:
    assert languages.only(TranscribeOptions(languages=("sw",))) == "sw"
    assert languages.only(TranscribeOptions(languages=("sw", "en"))) is None
    assert languages.only(TranscribeOptions(language="fr", languages=("sw", "en"))) == "fr"


def test_the_parts_of_a_clip_know_how_sure_they_are() -> None:
    guesses = [LanguageGuess("sw", 0.8), LanguageGuess("en", 0.9), LanguageGuess("sw", 0.7)]
    whole = clip((0.0, 5.0), (10.0, 15.0), (20.0, 25.0))
    parts = languages.apart(whole, guesses)
    assert [region[0] // RATE for region in parts["sw"].clip.speech] == [0, 20]
    assert parts["sw"].probability(6.0) == 0.8
    assert parts["sw"].probability(19.0) == 0.7
    assert parts["en"].probability(0.0) == 0.9
    assert languages.Said(whole).probability(1.0) is None
