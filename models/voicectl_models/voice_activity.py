"""Silero's voice activity detection over sound that is still coming in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from faster_whisper.vad import get_vad_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from voicectl.interfaces import Samples

WINDOW = 512
"""Samples that one probability is about: 32 ms."""
_CONTEXT = 64
_STATE = (1, 1, 128)


class VoiceActivity:
    """One leg's detector; its state goes on from piece to piece, as if all had come at once."""

    def __init__(self) -> None:
        self._session = get_vad_model().session
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)

    def feed(self, samples: Samples) -> NDArray[np.float32]:
        """Return for each window that is complete how likely somebody speaks in it, 0 to 1."""
        waiting = np.concatenate([self._rest, samples])
        count = len(waiting) // WINDOW
        self._rest = waiting[count * WINDOW :]
        if not count:
            return np.zeros(0, np.float32)
        windows = waiting[: count * WINDOW].reshape(count, WINDOW)
        before = np.vstack([self._context[None, :], windows[:-1, -_CONTEXT:]])
        self._context = windows[-1, -_CONTEXT:]
        given = {"input": np.hstack([before, windows]), "h": self._h, "c": self._c}
        found, self._h, self._c = self._session.run(None, given)
        return np.asarray(found, np.float32).reshape(-1)
