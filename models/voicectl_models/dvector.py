"""Who speaks when, by d-vectors: the voice of every 0.8 s of speech, then clusters of voices.

The encoder is an LSTM trained to tell speakers apart (GE2E), as ONNX: no torch,
no token, nothing fetched. It hears one voice at a time: where two speak at once
the turn is given to one of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from voicectl.interfaces import RATE, Clip, DiarizeOptions, HeedSeconds, Turn
from voicectl.runners import RunnerInfo
from voicectl_models import onnx, speech, voices
from voicectl_models.catalogue import MODEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples

FRAME, STEP, BANDS, SPECTRUM = 400, 160, 40, 512
"""Samples of a frame and between two, mel bands, and samples that are transformed: the features
that the encoder was trained on."""
WINDOW, HOP = 80, 20
"""Frames that the encoder hears at a time, and between two windows: 0.8 s and 0.2 s."""
SHORTEST = 5
"""Frames; a shorter sound is nobody's voice."""
BATCH = 64


class DVector:
    """The diarizer `dvector`; keeps the promises of `voicectl.interfaces.Diarizer`."""

    info: ClassVar[RunnerInfo] = RunnerInfo(name="dvector", task="diarize", licence="Apache-2.0")

    def __init__(self, folder: str, name: str, options: DiarizeOptions) -> None:
        """Load the encoder in `folder`."""
        self.model = name
        self._encoder = Encoder(folder, name, options.threads)

    def diarize(
        self, clips: Iterable[Clip], options: DiarizeOptions, heed: HeedSeconds
    ) -> tuple[Turn, ...]:
        """Return who speaks when in the whole leg."""
        fewest, most = options.bounds
        return voices.turns(self._windows(clips, heed), fewest, most)

    def _windows(self, clips: Iterable[Clip], heed: HeedSeconds) -> voices.Windows:
        vectors = [np.zeros((0, 256), np.float32)]
        centres: list[float] = []
        regions: list[int] = []
        bounds: list[tuple[float, float]] = []
        for clip in clips:
            heard = speech.closely(clip)
            features = log_mel(heard.samples)
            heed(clip.offset)
            for begin, end in heard.speech:
                stretch = features[begin // STEP : max(end // STEP, begin // STEP)]
                if len(stretch) < SHORTEST:
                    continue
                starts, windows = cut(stretch)
                vectors.append(self._encoder.vectors(windows))
                offset = clip.offset + begin / RATE
                half = min(WINDOW, len(stretch)) / 2
                centres += [offset + (start + half) * STEP / RATE for start in starts]
                regions += [len(bounds)] * len(starts)
                bounds.append((offset, clip.offset + end / RATE))
                heed(clip.offset + end / RATE)
        return voices.Windows(
            np.concatenate(vectors), np.array(centres), np.array(regions, np.int64), tuple(bounds)
        )


class Encoder:
    """Turns windows of speech into vectors, one for each, of length 1."""

    def __init__(self, folder: str, name: str, threads: int) -> None:
        """Load the weights. Raises `ModelMissing` when they cannot be loaded."""
        self._session = onnx.session(Path(folder) / MODEL, name, threads)

    def vectors(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return an array of shape (n, 256) for log-mel windows of shape (n, WINDOW, BANDS)."""
        name = self._session.get_inputs()[0].name
        found = [
            self._session.run(None, {name: windows[start : start + BATCH]})[0]
            for start in range(0, len(windows), BATCH)
        ]
        return voices.unit(np.concatenate(found))


def cut(features: NDArray[np.float32]) -> tuple[list[int], NDArray[np.float32]]:
    """Return windows over a stretch of speech and where they start, in frames.

    The last one ends where the speech ends; speech shorter than one is repeated to fill it.
    """
    count = len(features)
    if count < WINDOW:
        filled = np.concatenate([features] * (WINDOW // count + 1))[:WINDOW]
        return [0], filled[None]
    starts = list(range(0, count - WINDOW + 1, HOP))
    if starts[-1] != count - WINDOW:
        starts.append(count - WINDOW)
    return starts, np.stack([features[start : start + WINDOW] for start in starts])


def log_mel(samples: Samples) -> NDArray[np.float32]:
    """Return the logarithm of the mel spectrum, shape (frames, BANDS)."""
    padded = np.pad(samples, (0, max(0, SPECTRUM - len(samples))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, SPECTRUM)[::STEP]
    bank = _bank()
    parts = [_mel(frames[start : start + 4096], bank) for start in range(0, len(frames), 4096)]
    return np.concatenate(parts)


def _mel(frames: NDArray[np.float32], bank: NDArray[np.float32]) -> NDArray[np.float32]:
    margin = (SPECTRUM - FRAME) // 2
    shape = np.zeros(SPECTRUM, np.float32)
    shape[margin : margin + FRAME] = 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(FRAME) / FRAME)
    power = np.abs(np.fft.rfft(frames * shape)) ** 2
    return np.asarray(np.log10(power @ bank.T + 1e-10), np.float32)


def _bank() -> NDArray[np.float32]:
    """Return triangles of equal area on Slaney's mel scale, shape (BANDS, SPECTRUM / 2 + 1)."""
    edges = _hertz(np.linspace(0.0, 15.0 + 27.0 * np.log(RATE / 2 / 1000) / np.log(6.4), BANDS + 2))
    bins = np.linspace(0.0, RATE / 2, SPECTRUM // 2 + 1)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    area = 2.0 / (edges[2:] - edges[:-2])
    triangles = np.maximum(0.0, np.minimum(rising, falling)) * area[:, None]
    return np.asarray(triangles, np.float32)


def _hertz(mels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear up to 1000 Hz at 15 mel, logarithmic above."""
    above = 1000.0 * np.exp((mels - 15.0) * np.log(6.4) / 27.0)
    return np.where(mels < 15.0, mels * 200.0 / 3.0, above)
