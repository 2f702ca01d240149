"""A copy of a recording: a tone where something must not be heard, all else as it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import CALL
from voicectl.errors import RecordingError
from voicectl_models import beeping, decode
from voicectl_models.beeping import Order

STRETCHES = ((1.0, 2.0, None), (19.5, 21.0, 0), (69.0, 90.0, 1), (80.0, 81.0, None))


def order(form: str = "wav", **more: object) -> Order:
    digest = hashlib.sha256(CALL.read_bytes()).hexdigest()
    return Order(str(CALL), CALL.name, digest, 8000, STRETCHES, form, **more)  # type: ignore[arg-type]  # options of one's own


def samples(path: Path) -> np.ndarray:
    return np.concatenate([block.samples for block in decode.blocks(str(path), path.name)], axis=1)


def copied(tmp_path: Path, made: Order) -> np.ndarray:
    path = tmp_path / f"copy.{made.format}"
    with path.open("w+b") as target:
        beeping.copy(made, target)
    return samples(path)


def stretch(heard: np.ndarray, start: float, end: float) -> np.ndarray:
    return heard[:, round(start * 16000) : round(end * 16000)]


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two stretches sound the same; a codec may change one a little."""
    return float(np.square(one - other).sum()) <= 0.1 * float(np.square(one).sum()) + 1e-3


@pytest.mark.parametrize("form", ["wav", "flac", "ogg"])
def test_only_the_stretches_are_gone(tmp_path: Path, form: str) -> None:
    before, after = samples(CALL), copied(tmp_path, order(form))
    assert abs(after.shape[1] - before.shape[1]) < 0.05 * 16000
    for leg, start, end in [(0, 0.0, 0.9), (1, 3.0, 19.0), (1, 19.6, 20.9), (0, 22.0, 68.0)]:
        assert same(stretch(before, start, end)[leg], stretch(after, start, end)[leg])
    for leg, start, end in [(0, 1.05, 1.95), (1, 1.05, 1.95), (0, 19.55, 20.95), (1, 69.1, 70.4)]:
        heard = stretch(after, start, end)[leg]
        assert not same(stretch(before, start, end)[leg], heard)
        pitch = np.abs(np.fft.rfft(heard)).argmax() / (len(heard) / 16000)
        assert pitch == pytest.approx(1000, abs=5)


def test_silence_is_silent(tmp_path: Path) -> None:
    after = copied(tmp_path, order(sound="silence"))
    assert np.abs(stretch(after, 1.05, 1.95)).max() < 1e-3


def test_the_tone_goes_on_where_two_blocks_meet() -> None:
    whole = beeping.tone(0, 2000)
    assert np.allclose(whole, np.concatenate([beeping.tone(0, 777), beeping.tone(777, 2000)]))


def test_another_recording_of_that_name_is_refused(tmp_path: Path) -> None:
    made = Order(str(CALL), "a.wav", "0" * 64, 8000, (), "wav")
    with pytest.raises(RecordingError, match=r"a\.wav was changed"):
        copied(tmp_path, made)
