"""A real call, recordings of whatever ffmpeg can write, and folders of models."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

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
    return _samples(DATA / "call_en_0_2ch_mulaw.wav")


@pytest.fixture(scope="session")
def speech() -> NDArray[np.float32]:
    """Eight seconds of the mixed call, shape (1, n), 16,000 Hz."""
    return _samples(DATA / "call_en_0_mono.wav")[:, : 8 * 16_000]


def _samples(path: Path) -> NDArray[np.float32]:
    return np.concatenate([b.samples for b in decode.blocks(str(path), path.name)], axis=1)


@pytest.fixture(scope="session")
def samples_of() -> Callable[[Path], NDArray[np.float32]]:
    """Decode a whole file, shape (channels, n)."""
    return _samples


@pytest.fixture(scope="session")
def encode() -> Callable[..., Path]:
    """Write samples of 16,000 Hz with any of ffmpeg's encoders."""

    def write(
        path: Path,
        samples: NDArray[np.float32],
        codec: str,
        form: str,
        rate: int = 8_000,
        **more: object,
    ) -> Path:
        """`more`: bit_rate, and holes={second: seconds} that the clock jumps ahead."""
        holes: dict[float, float] = dict(more.get("holes", {}))  # type: ignore[call-overload]
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[0]]
        with av.open(str(path), "w", format=form) as container:
            stream = container.add_stream(codec, rate=rate, layout=layout)
            if "bit_rate" in more:
                stream.bit_rate = more["bit_rate"]
            late = 0
            for start in range(0, samples.shape[1], 960):
                piece = np.ascontiguousarray(samples[:, start : start + 960])
                frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
                late += round(
                    16_000 * sum(holes.pop(s) for s in list(holes) if start >= s * 16_000)
                )
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
