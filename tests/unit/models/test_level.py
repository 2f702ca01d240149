"""Quiet legs are raised to speech level; loud ones, silence and peaks stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

from voicectl.interfaces import RATE
from voicectl_models import level


def tone(amplitude: float, seconds: float = 2.0) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return (amplitude * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


@pytest.mark.parametrize("amplitude", [0.01, 0.03, 0.1])
def test_quiet_speech_reaches_the_target(amplitude: float) -> None:
    assert level.speech_level(level.levelled(tone(amplitude))) == pytest.approx(0.1, rel=0.02)


def test_loud_speech_is_left_alone() -> None:
    samples = tone(0.5)
    assert level.levelled(samples) is samples


def test_the_gain_has_an_end() -> None:
    assert np.abs(level.levelled(tone(0.0001))).max() == pytest.approx(0.003, rel=0.02)


def test_nothing_is_clipped() -> None:
    samples = tone(0.01)
    samples[100] = 0.9
    assert np.abs(level.levelled(samples)).max() <= 0.99


@pytest.mark.parametrize("length", [0, 5, RATE])
def test_silence_stays_silence(length: int) -> None:
    assert not np.any(level.levelled(np.zeros(length, np.float32)))
