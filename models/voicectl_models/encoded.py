"""Windows of speech through Whisper's encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.transcribe import get_ctranslate2_storage

from voicectl.interfaces import RATE
from voicectl_models.windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples

FRAMES_PER_SECOND = 100
"""Of Whisper's spectrogram."""


class Encoded:
    """What the encoder made of several windows of one length."""

    def __init__(self, states: NDArray[Any]) -> None:
        self._states = states
        """Shape (windows, half the frames, width of the model)."""

    @property
    def frames(self) -> int:
        """Frames of the spectrogram that each window has."""
        return 2 * int(self._states.shape[1])

    def rows(self, indices: Sequence[int] | None = None) -> Any:
        """Return the windows, or some of them, as the decoder takes them."""
        chosen = self._states if indices is None else self._states[list(indices)]
        return get_ctranslate2_storage(chosen)


def encode(
    whisper: WhisperModel, several: Sequence[Window], clips: Sequence[Samples], seconds: float
) -> Encoded:
    """Encode windows of some clips, each filled up with silence to a length in seconds."""
    frames = int(np.ceil(seconds * FRAMES_PER_SECOND / 2) * 2)
    length = frames * RATE // FRAMES_PER_SECOND
    features = np.stack(
        [whisper.feature_extractor(window.fill(clips, length))[..., :frames] for window in several]
    )
    model = whisper.model
    # What the encoder needs for one window fits a processor's cache, for eight it does not:
    # on a processor they take half the time one by one, on a GPU all at once.
    size = 1 if model.device == "cpu" else len(several)
    parts = [
        model.encode(get_ctranslate2_storage(features[at : at + size]), to_cpu=True)
        for at in range(0, len(several), size)
    ]
    return Encoded(np.concatenate([np.asarray(part) for part in parts]))
