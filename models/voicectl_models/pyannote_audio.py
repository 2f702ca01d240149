"""Who speaks when, by pyannote.audio: a whole pipeline of it, or its segmentation and our voices.

Weights come from a folder on this machine, never from the network. A folder
with a `config.yaml` is a pipeline as pyannote publishes them and is run as it
is. A folder with a segmentation model is the first half of one: voices are then
told apart by d-vectors, which lie beside it. Overlaps are heard. The recording
is held in memory whole, 230 MB an hour.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from voicectl.errors import ModelMissing
from voicectl.interfaces import RATE, Clip, DiarizeOptions, HeedSeconds, Turn
from voicectl.runners import RunnerInfo
from voicectl_models import dvector, level, overlapping, voices
from voicectl_models.catalogue import MODEL
from voicectl_models.overlapping import ACTIVE, Chunks

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it warns of codecs that are not needed: samples are given
    import torch
    from pyannote.audio import Inference, Model, Pipeline

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples

PIPELINE = "config.yaml"
STEP_SECONDS = 1.0
"""From one chunk to the next."""
VOICE = "dvector"
"""The model, beside the segmentation, that tells whose voice it is."""


class Pyannote:
    """The diarizer `pyannote`; keeps the promises of `voicectl.interfaces.Diarizer`."""

    info: ClassVar[RunnerInfo] = RunnerInfo(name="pyannote", task="diarize", licence="MIT")

    def __init__(self, folder: str, name: str, options: DiarizeOptions) -> None:
        """Load a pipeline, or a segmentation model."""
        self.model = name
        logging.getLogger("lightning").setLevel(logging.ERROR)
        if options.threads:
            torch.set_num_threads(options.threads)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                whole = (Path(folder) / PIPELINE).is_file()
                self._run = _whole(folder) if whole else _Parts(Path(folder), options)
        except ModelMissing:
            raise
        except Exception as error:
            raise ModelMissing(
                f"the model '{name}' cannot be loaded: {error}",
                hint=f"name a folder with a {PIPELINE} of pyannote, or with its segmentation",
            ) from error

    def diarize(
        self, clips: Iterable[Clip], options: DiarizeOptions, heed: HeedSeconds
    ) -> tuple[Turn, ...]:
        """Return who speaks when in the whole leg, overlaps included."""
        samples, offset = _joined(clips, heed)
        if len(samples) < RATE // 10 or not samples.any():
            return ()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = self._run(level.levelled(samples), options.bounds, heed)
        return tuple(
            Turn(round(turn.start + offset, 3), round(turn.end + offset, 3), turn.speaker,
                 turn.confidence)
            for turn in found
        )  # fmt: skip


def _joined(clips: Iterable[Clip], heed: HeedSeconds) -> tuple[Samples, float]:
    """Return the samples of a leg, and where they start."""
    parts, offset = [np.zeros(0, np.float32)], None
    for clip in clips:
        heed(clip.offset)
        offset = clip.offset if offset is None else offset
        parts.append(clip.samples)
    return np.concatenate(parts), offset or 0.0


def _given(samples: Samples) -> dict[str, Any]:
    return {"waveform": torch.from_numpy(np.array(samples))[None], "sample_rate": RATE}


def _whole(folder: str) -> Any:
    pipeline = Pipeline.from_pretrained(folder)

    def run(samples: Samples, bounds: tuple[int, int], heed: HeedSeconds) -> tuple[Turn, ...]:
        fewest, most = bounds

        def hook(*_: Any, completed: int = 0, total: int = 0, **__: Any) -> None:
            heed(len(samples) / RATE)

        found = pipeline(_given(samples), min_speakers=fewest, max_speakers=most, hook=hook)
        annotation = getattr(found, "speaker_diarization", found)
        tracks = [(span.start, span.end, who) for span, _, who in annotation.itertracks(True)]
        tracks.sort()
        order = {who: k for k, who in enumerate(dict.fromkeys(who for _, _, who in tracks))}
        return tuple(Turn(start, end, order[who], 1.0) for start, end, who in tracks)

    return run


class _Parts:
    """Its segmentation, and our voices."""

    def __init__(self, folder: Path, options: DiarizeOptions) -> None:
        model = Model.from_pretrained(folder / MODEL)
        self._seconds = float(model.specifications.duration)
        self._inference = Inference(model, step=STEP_SECONDS, skip_aggregation=True, batch_size=32)
        self._encoder = dvector.Encoder(str(folder.parent / VOICE), VOICE, options.threads)

    def __call__(
        self, samples: Samples, bounds: tuple[int, int], heed: HeedSeconds
    ) -> tuple[Turn, ...]:
        short = max(0, int(self._seconds * RATE) - len(samples))
        chunks = self._segmented(np.pad(samples, (0, short)), heed)
        spoke, vectors = self._voices(samples, chunks)
        end = len(samples) / RATE
        found = overlapping.turns(chunks, spoke, vectors, bounds, end)
        heed(end)
        return found

    def _segmented(self, samples: Samples, heed: HeedSeconds) -> Chunks:
        def hook(completed: int = 0, total: int = 0) -> None:
            heed(len(samples) / RATE)

        heard = self._inference(_given(samples), hook=hook)
        activity = np.nan_to_num(np.asarray(heard.data, np.float32))
        starts = np.array([heard.sliding_window[at].start for at in range(len(activity))])
        return Chunks(activity, starts, self._seconds / activity.shape[1])

    def _voices(
        self, samples: Samples, chunks: Chunks
    ) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Return which speakers of which chunk have a voice, and the voices."""
        features = dvector.log_mel(samples)
        spoke = np.zeros((len(chunks.activity), chunks.activity.shape[2]), np.bool_)
        vectors = [np.zeros((0, 256), np.float32)]
        for at, speaker in np.ndindex(*spoke.shape):
            stretch = features[_heard_alone(chunks, at, speaker, len(features))]
            if len(stretch) >= dvector.WINDOW // 4:
                spoke[at, speaker] = True
                mean = self._encoder.vectors(dvector.cut(stretch)[1]).mean(axis=0, keepdims=True)
                vectors.append(voices.unit(mean))
        return spoke, np.concatenate(vectors)


def _heard_alone(chunks: Chunks, at: int, speaker: int, length: int) -> NDArray[np.int64]:
    """Return the frames of the spectrum in which a speaker of a chunk speaks, alone if possible."""
    active = chunks.activity[at] > ACTIVE
    alone = active[:, speaker] & (active.sum(axis=1) == 1)
    chosen = alone if alone.sum() * 3 >= active[:, speaker].sum() else active[:, speaker]
    per_second = RATE / dvector.STEP
    frames = np.arange(int(len(chosen) * chunks.frame * per_second))
    inside = chosen[np.minimum((frames / per_second / chunks.frame).astype(int), len(chosen) - 1)]
    found: NDArray[np.int64] = frames[inside] + round(chunks.starts[at] * per_second)
    return found[found < length]
