"""Resampling: what is in the band comes through, and nothing from above it does."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import numpy as np
import pytest

from tests.unit.models.conftest import samples_of
from voicectl.interfaces import RATE


def through(folder: Path, tone, rate):
    path = folder / "tone.sln"
    header = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 3, 1, rate, rate * 4, 4, 32,
        b"data", tone.size * 4,
    )  # fmt: skip
    path.write_bytes(header + tone.astype("<f4").tobytes())
    return samples_of(path)


def db(samples):
    return 20 * math.log10(np.sqrt(np.mean(np.square(samples))) + 1e-12)


@pytest.mark.parametrize(
    ("rate", "hertz"), [(48_000, 10_000), (44_100, 8_500), (44_100, 12_000), (96_000, 30_000)]
)
def test_nothing_is_mirrored_into_the_band(tmp_path, rate, hertz):
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(4 * rate) / rate)
    samples = through(tmp_path, tone, rate)
    assert db(samples[0, 4_000:-4_000]) - db(tone) < -80


@pytest.mark.parametrize(("rate", "hertz"), [(8_000, 3_400), (44_100, 7_000), (48_000, 7_400)])
def test_the_band_stays_whole_and_clean(tmp_path, rate, hertz):
    tone = 0.5 * np.sin(2 * np.pi * hertz * np.arange(4 * rate) / rate)
    ours = through(tmp_path, tone, rate)[0, 4_000:-4_000]
    at = 2 * np.pi * hertz * np.arange(ours.size) / RATE
    basis = np.stack((np.sin(at), np.cos(at)), axis=1)
    fitted = basis @ np.linalg.lstsq(basis, ours, rcond=None)[0]
    assert db(fitted) - db(tone) == pytest.approx(0, abs=0.5)
    assert db(ours - fitted) - db(tone) < -70
