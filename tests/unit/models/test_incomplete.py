"""What a recording lacks is told: damaged, cut, changed or gone while it is read."""

from __future__ import annotations

import os

import numpy as np
import pytest

from tests.unit.models.conftest import joined, likeness
from voicectl.interfaces import RATE
from voicectl_models import decode


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [("a.mp3", "libmp3lame", "mp3"), ("a.flac", "flac", "flac"), ("a.ogg", "libopus", "ogg")],
)
def test_damage_in_the_middle_loses_only_the_middle(encode, speech, tmp_path, name, codec, form):
    path = encode(tmp_path / name, speech, codec, form, 16_000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3_000] = np.random.default_rng(1).bytes(3_000)
    path.write_bytes(content)
    decoded = decode.blocks(str(path), name)
    samples = joined(decoded)[0]
    correlation, _ = likeness(speech[0, -2 * RATE :], samples[-2 * RATE :], RATE)
    assert correlation > 0.8
    assert decoded.warnings


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [("a.wav", "pcm_mulaw", "wav"), ("a.mp3", "libmp3lame", "mp3"), ("a.flac", "flac", "flac")],
)
def test_a_cut_file_says_what_is_missing(encode, speech, tmp_path, name, codec, form):
    path = encode(tmp_path / name, speech, codec, form, 16_000)
    os.truncate(path, path.stat().st_size // 4)
    decoded = decode.blocks(str(path), name)
    list(decoded)
    assert 1 < decoded.seconds < 3
    assert f"the header says 8.0 s, {decoded.seconds:.1f} s could be decoded" in decoded.warnings


def test_a_length_that_is_only_guessed_is_no_promise(encode, speech, tmp_path):
    """An MP3 without a Xing header, loud in its first frames only."""
    path = encode(tmp_path / "a.mp3", speech, "libmp3lame", "mp3", 16_000)
    content = path.read_bytes()
    tag = max(content.find(b"Xing"), content.find(b"Info"))
    path.write_bytes(content[content.index(b"\xff\xf3", tag) :])
    decoded = decode.blocks(str(path), "a.mp3")
    list(decoded)
    assert decoded.warnings == []


@pytest.fixture
def half_read(encode, speech, tmp_path):
    """A recording of 160 s of which one second was decoded."""
    path = encode(tmp_path / "a.ulaw", np.tile(speech, 20), "pcm_mulaw", "mulaw")
    decoded = decode.blocks(str(path), "a.ulaw", 1.0)
    next(decoded)
    return path, decoded


def test_the_recording_grows_while_it_is_read(half_read):
    path, decoded = half_read
    with path.open("ab") as file:
        file.write(bytes(8_000))
    list(decoded)
    assert decoded.seconds == 161.0
    assert "the file was changed while it was read" in decoded.warnings


def test_the_recording_vanishes_while_it_is_read(half_read):
    path, decoded = half_read
    path.unlink()
    list(decoded)
    assert decoded.seconds == 160.0


def test_the_recording_shrinks_while_it_is_read(half_read):
    path, decoded = half_read
    os.truncate(path, 500_000)
    list(decoded)
    assert decoded.seconds < 160.0
    assert len(decoded.warnings) == 2
