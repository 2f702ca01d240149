"""Samples to a file of sound, piece by piece; beside `decode` the only file that knows PyAV."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, BinaryIO, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from voicectl.errors import DiskFull, VoicectlError, is_full
from voicectl.interfaces import RATE

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from numpy.typing import NDArray

CODECS = {"wav": "pcm_s16le", "flac": "flac", "ogg": "libopus"}
"""By format: 16 bits as they are, the same in half the room, or small and not quite the same."""
LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
OPTIONS = {"wav": {"rf64": "auto"}}
"""Beyond 4 GB a WAV file needs another header."""


def write(
    samples: Iterable[NDArray[np.float32]],
    target: BinaryIO,
    form: str,
    rate: int,
    codec: str | None = None,
) -> None:
    """Write samples of 16,000 Hz, shape (channels, n), as a file of `rate` Hertz.

    `codec` is ffmpeg's name of one that the format takes; without it that of `CODECS`.

    Raises `DiskFull`, or `VoicectlError` for another reason.
    """
    try:
        with av.open(target, "w", format=form, options=OPTIONS.get(form, {})) as container:
            track: _Track | None = None
            for block in samples:
                track = track or _Track(container, codec or CODECS[form], LAYOUTS[len(block)], rate)
                track.add(block)
            if track is not None:
                track.end()
    except (FFmpegError, OSError) as error:
        kind = DiskFull if isinstance(error, OSError) and is_full(error) else VoicectlError
        raise kind(f"the copy cannot be written: {error.strerror}") from error


class _Track:
    """The one track of a file that is being written."""

    def __init__(self, container: OutputContainer, codec: str, layout: str, rate: int) -> None:
        self._container, self._layout = container, layout
        made = container.add_stream(codec, rate=rate, layout=layout)
        self._stream = cast("AudioStream", made)
        fitting = self._stream.codec_context.format
        self._resampler = AudioResampler(format=fitting, layout=layout, rate=rate)

    def add(self, block: NDArray[np.float32]) -> None:
        frame = AudioFrame.from_ndarray(
            np.ascontiguousarray(block), format="fltp", layout=self._layout
        )
        frame.sample_rate = RATE
        self._mux(frame)

    def end(self) -> None:
        self._mux(None)
        self._container.mux(self._stream.encode(None))

    def _mux(self, frame: AudioFrame | None) -> None:
        for ready in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(ready))
