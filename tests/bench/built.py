"""Recordings that are made of others: long calls, quiet and noisy speech."""

from __future__ import annotations

import random
import subprocess
import wave
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from corpus import Clip, languages
from faster_whisper.audio import decode_audio
from numpy.typing import NDArray

RATE = 8000
SHORTEST_GAP, LONGEST_GAP = 0.3, 1.0
"""Seconds between two turns."""
VOICES = 6
"""How many speak at once in babble."""

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Built:
    """A call of two parties who speak in turn."""

    path: Path
    seconds: float
    legs: tuple[str, str]
    """What is said on the left and on the right."""


def call(folder: Path, clips: Sequence[Clip], minutes: float) -> Built:
    """Build a call of clips, left and right in turn; they come again when there are too few."""
    chance = random.Random(round(1000 * minutes))
    length = int(minutes * 60 * RATE)
    both = np.zeros((length, 2))
    said: tuple[list[str], list[str]] = ([], [])
    at, side = 0, 0
    waiting: list[Clip] = []
    while True:
        waiting = waiting or chance.sample(list(clips), len(clips))
        clip = waiting.pop()
        samples = read(clip.path)
        if at + len(samples) > length:
            break
        both[at : at + len(samples), side] = samples
        said[side].append(clip.text)
        at += len(samples) + int(chance.uniform(SHORTEST_GAP, LONGEST_GAP) * RATE)
        side = 1 - side
    path = folder / f"call-{minutes:g}-min.wav"
    write(path, both[:at])
    return Built(path, at / RATE, (" ".join(said[0]), " ".join(said[1])))


def legs(path: Path) -> tuple[Path, Path]:
    """Write each channel of a call into a file of its own."""
    left, right = (path.with_name(f"{path.stem}-{side}.wav") for side in ("left", "right"))
    for channel, target in ((1, left), (2, right)):
        subprocess.run(["sox", path, target, "remix", str(channel)], check=True)
    return left, right


def read(path: Path) -> Samples:
    """Return the samples of a telephone recording, mono, 16 bits."""
    with wave.open(str(path)) as recording:
        assert recording.getparams()[:3] == (1, 2, RATE), path
        raw = recording.readframes(recording.getnframes())
    return np.frombuffer(raw, np.int16) / 32768


def write(path: Path, samples: Samples) -> None:
    """Write samples, shape (n,) or (n, channels), as a telephone system would: 8 kHz mu-law."""
    channels = str(samples.shape[1] if samples.ndim > 1 else 1)
    raw = np.clip(samples * 32768, -32768, 32767).astype(np.int16).tobytes()
    form = ["-t", "s16", "-r", str(RATE), "-c", channels]
    subprocess.run(["sox", *form, "-", "-e", "mu-law", path], input=raw, check=True)


def quieter(clips: Sequence[Clip], folder: Path, decibels: float) -> list[Clip]:
    """Write the clips so much softer."""
    return [_changed(clip, folder, read(clip.path) * 10 ** (-decibels / 20)) for clip in clips]


def noisy(clips: Sequence[Clip], folder: Path, noise: Samples, decibels: float) -> list[Clip]:
    """Write the clips with noise behind them; the speech is so much louder than the noise."""
    chance = np.random.default_rng(2026)
    changed = []
    for clip in clips:
        samples = read(clip.path)
        start = chance.integers(len(noise) - len(samples))
        part = noise[start : start + len(samples)]
        factor = _level(samples) / _level(part) * 10 ** (-decibels / 20)
        # Halved, so that the sum of both is not cut.
        changed.append(_changed(clip, folder, 0.5 * (samples + factor * part)))
    return changed


def babble(seconds: float) -> Samples:
    """Return several people who speak at once, none of them English."""
    others = [clip for found in languages().values() for clip in found if clip.language != "en"]
    length = int(seconds * RATE)
    mixed = np.zeros(length)
    for voice in range(VOICES):
        parts = [decode_audio(str(clip.path), RATE) for clip in others[voice::VOICES]]
        track = np.concatenate(parts)
        mixed += np.resize(track / _level(track), length)
    return mixed / VOICES


def pink(seconds: float) -> Samples:
    """Return noise with equal power in every octave."""
    noise = np.random.default_rng(2026).standard_normal(int(seconds * RATE))
    spectrum = np.fft.rfft(noise)
    shaped = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(noise))
    return np.asarray(shaped / _level(shaped))


def _changed(clip: Clip, folder: Path, samples: Samples) -> Clip:
    folder.mkdir(exist_ok=True)
    path = folder / f"{clip.name}.wav"
    write(path, samples)
    return replace(clip, path=path)


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.square(samples).mean()))
