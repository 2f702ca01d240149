"""Where sound goes: the sound device of this machine, or a file. The only import of sounddevice.

PortAudio, which it brings to Python, may be missing, and machines in a rack have no device: each
has a sentence of its own. For those, `VOICECTL_SOUND=file:PATH` writes what would be heard.
"""

from __future__ import annotations

import os
import sys
import wave
from pathlib import Path
from typing import Protocol

from voicectl.errors import UsageError, VoicectlError

PLACE = "VOICECTL_SOUND"
"""Names the variable that chooses a file."""
FILE = "file:"
SAMPLE_BYTES = 2


class Output(Protocol):
    """Takes frames of 16 bits a sample; waits while it has enough of them."""

    def write(self, frames: bytes) -> None:
        """Play them. Raises `VoicectlError`."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def open_output(rate: int, channels: int) -> Output:
    """Return where this machine plays sound, `rate` in hertz. Raises `VoicectlError`."""
    place = os.environ.get(PLACE, "")
    if not place:
        return _Device(rate, channels)
    if not place.startswith(FILE):
        raise UsageError(f"{PLACE} is '{place}', which is no file", hint=f"{PLACE}={FILE}PATH")
    return _File(Path(place.removeprefix(FILE)), rate, channels)


class _Device:
    def __init__(self, rate: int, channels: int) -> None:
        try:
            import sounddevice
        except ImportError as error:
            raise VoicectlError(
                "what plays sound is not installed",
                hint=f"install it with: {sys.executable} -m pip install 'voicectl[listen]'",
            ) from error
        except OSError as error:
            raise VoicectlError(
                "PortAudio is not installed, so nothing can be played",
                hint="install it with: apt install libportaudio2",
            ) from error
        self._lost = sounddevice.PortAudioError
        try:
            self._stream = sounddevice.RawOutputStream(
                samplerate=rate, channels=channels, dtype="int16"
            )
            self._stream.start()
        except self._lost as error:
            raise VoicectlError(
                "this machine has no sound device that plays calls",
                hint=f"{PLACE}={FILE}PATH writes them to a file instead",
            ) from error

    def write(self, frames: bytes) -> None:
        try:
            self._stream.write(frames)
        except self._lost as error:
            raise VoicectlError("the sound device is gone") from error

    def close(self) -> None:
        self._stream.close(ignore_errors=True)


class _File:
    def __init__(self, path: Path, rate: int, channels: int) -> None:
        try:
            self._file = wave.open(os.fspath(path), "wb")  # noqa: SIM115, closed by `close`
        except OSError as error:
            raise VoicectlError(f"{path} cannot be written: {error.strerror}") from error
        self._file.setnchannels(channels)
        self._file.setsampwidth(SAMPLE_BYTES)
        self._file.setframerate(rate)

    def write(self, frames: bytes) -> None:
        try:
            self._file.writeframes(frames)
        except OSError as error:
            raise VoicectlError(f"no more can be written: {error.strerror}") from error

    def close(self) -> None:
        self._file.close()
