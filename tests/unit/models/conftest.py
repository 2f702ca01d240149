"""A real call, recordings of whatever ffmpeg can write, and folders of models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from voicectl_models import decode

DATA = Path(__file__).parents[2] / "data"
OWN = b"\x06\0\0\0\x0c\0WhisperSpec\0weights"
"""The first bytes of Whisper's weights, and nothing behind them."""


@pytest.fixture(scope="session")
def call() -> NDArray[np.float32]:
    """The English call: left the agent, right the caller; shape (2, n), 16,000 Hz."""
    return samples_of(DATA / "call_en_0_2ch_mulaw.wav")


@pytest.fixture(scope="session")
def speech() -> NDArray[np.float32]:
    """Eight seconds of the mixed call, shape (1, n), 16,000 Hz."""
    return samples_of(DATA / "call_en_0_mono.wav")[:, : 8 * 16_000]


def samples_of(path: Path) -> NDArray[np.float32]:
    """Decode a whole file, shape (channels, n)."""
    return joined(decode.blocks(str(path), path.name))


def joined(blocks: Iterable[decode.Block]) -> NDArray[np.float32]:
    """Return the samples of all blocks, shape (channels, n)."""
    return np.concatenate([block.samples for block in blocks], axis=1)


def likeness(
    first: NDArray[np.float32], second: NDArray[np.float32], reach: int = 1_600
) -> tuple[float, int]:
    """Return the best correlation within `reach` samples, and by how many the second is late."""
    n = min(first.size, second.size)
    size = 1 << (n + reach).bit_length()
    spectrum = np.fft.rfft(first[:n], size).conj() * np.fft.rfft(second[:n], size)
    cross = np.fft.irfft(spectrum, size)
    around = np.concatenate((cross[-reach:], cross[: reach + 1]))
    best = int(around.argmax())
    return around[best] / np.linalg.norm(first[:n]) / np.linalg.norm(second[:n]), best - reach


@pytest.fixture(scope="session")
def encode() -> Callable[..., Path]:
    """Write samples of 16,000 Hz with any of ffmpeg's encoders."""

    def write(
        path: Path,
        samples: NDArray[np.float32],
        codec: str,
        form: str,
        rate: int = 8_000,
        *,
        bit_rate: int | None = None,
        holes: Mapping[float, float] = MappingProxyType({}),
    ) -> Path:
        """Holes: at which second the clock jumps ahead, and by how many."""
        gaps = dict(holes)
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[0]]
        with av.open(str(path), "w", format=form) as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            if bit_rate is not None:
                stream.bit_rate = bit_rate
            late = 0
            for start in range(0, samples.shape[1], 960):
                piece = np.ascontiguousarray(samples[:, start : start + 960])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
                late += round(16_000 * sum(gaps.pop(s) for s in list(gaps) if start >= s * 16_000))
                frame.sample_rate, frame.pts = 16_000, start + late
                frame.time_base = Fraction(1, 16_000)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


def visible(folder: Path) -> list[str]:
    """Names in a folder, without the lock files."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def model_in(folder: Path, tokens: int = 51_864, content: bytes = OWN) -> Path:
    """Make a folder that could be a model; Whisper for English has 51,864 tokens."""
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(content)
    (folder / "vocabulary.txt").write_text("".join(f"{n}\n" for n in range(tokens)))
    return folder


@pytest.fixture
def told() -> list[str]:
    """What is said to whoever waits for a model."""
    return []
