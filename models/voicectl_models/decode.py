"""Recordings to samples: whatever a telephone system writes, as 16,000 Hz float32.

The only file that knows PyAV (ffmpeg's libraries). A file is opened by
descriptor, never by name: a FIFO cannot hang it and a name cannot choose the
demuxer. ffmpeg may use the formats of `FORMATS` and no protocol at all, so no
content (a playlist, a reference inside a movie) can make it open another file
or a connection. Headerless files of Asterisk are told by their suffix, unless
their first bytes say otherwise.

What is wrong but bearable (a header that promises more than is there, corrupt
packets, holes in the clock, values that are no numbers) is told in
`Decoded.warnings`; what is not bearable is `Undecodable`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from typing import TYPE_CHECKING, Any, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.error import FFmpegError

from voicectl.errors import Undecodable
from voicectl.interfaces import RATE
from voicectl_models.clock import Clock, Faults
from voicectl_models.headers import (
    FORMATS,
    Content,
    Refused,
    has_length,
    opened,
    printable,
    promised_seconds,
    sniff,
)

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from numpy.typing import NDArray

RESAMPLER = {"filter_size": "128", "cutoff": "0.97"}
"""Flat to 7.4 kHz and below -90 dB from 8.2 kHz on, measured from 44.1 and 48 kHz; swr's own
default leaves -15 dB there and takes 4 dB from 7.6 kHz."""

MAX_CHANNELS = 8
"""More are refused, not cut: a voice that is silently left out would not be missed by anybody."""
RATES = range(1_000, 768_001)
"""Hertz that a recording may have."""
MAX_FAULTS_IN_A_ROW = 20
LOUDEST = 1.5
"""Above it a float sample is an error of scale and not the ripple of a resampler."""

_REASONS: dict[type[Exception], str] = {
    av.error.InvalidDataError: "it is damaged, or it is no recording",
    av.error.EOFError: "it ends before any audio",
    av.error.DecoderNotFoundError: "its codec is not known here",
    av.error.ArgumentError: "it is in no format for recordings, or its header makes no sense",
    av.error.PatchWelcomeError: "it uses a variant of its codec that is not supported",
}


@dataclass(frozen=True, slots=True)
class Shape:
    """What the header of a recording says."""

    seconds: float
    """Declared length; 0.0 when the header does not say."""
    rate: int
    """Hertz."""
    channels: int
    codec: str
    """ffmpeg's name, such as `pcm_mulaw`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a recording, all channels."""

    offset: float
    """Where it starts, in seconds on the clock of the recording."""
    samples: NDArray[np.float32]
    """16,000 Hz, -1 to 1, shape (channels, n)."""


def probe(path: str, name: str) -> Shape:
    """Return what the header of the recording at `path` says, without decoding it.

    `name` is what people call it: it appears in errors, and its suffix tells
    headerless formats. Raises `Undecodable`.
    """
    with _plain_words(name), opened(path) as file, _container(file, name) as container:
        return _shape(container, _best(container), file)


@contextmanager
def content(path: str, name: str) -> Iterator[FileIO]:
    """Open the recording at `path` to read its bytes. Raises `Undecodable`, and never waits."""
    with _plain_words(name), opened(path) as file:
        yield file


def blocks(path: str, name: str, seconds: float = 600.0) -> Decoded:
    """Decode the recording at `path` in blocks of at most `seconds`; see `Decoded`.

    Nothing is opened before the first block is asked for.
    """
    return Decoded(path, name, seconds)


class Decoded(Iterator[Block]):
    """The blocks of one recording, one after the other, without gaps.

    Iterating raises `Undecodable` when no audio can be read at all. `warnings`
    and `seconds` are complete when the last block has been taken. Memory is one
    block whatever the length. An iteration that is given up should be closed.
    """

    def __init__(self, path: str, name: str, seconds: float) -> None:
        self.shape: Shape | None = None
        """What the header said; known with the first block."""
        self.warnings: list[str] = []
        """Sentences about what is wrong with the recording but did not stop it."""
        self.seconds = 0.0
        """How much has been given out so far."""
        self._faults = Faults()
        self._blocks = self._decode(path, name, round(seconds * RATE))

    def __next__(self) -> Block:
        """Return the next block."""
        return next(self._blocks)

    def close(self) -> None:
        """Close the file; the recording cannot be read on."""
        self._blocks.close()

    def _decode(self, path: str, name: str, size: int) -> Generator[Block]:
        with _plain_words(name), opened(path) as file, _container(file, name) as container:
            before = _version(file)
            stream = _best(container)
            self.shape = _shape(container, stream, file)
            if len(container.streams.audio) > 1:
                self.warnings.append(
                    f"it has {len(container.streams.audio)} audio tracks; only the best was used"
                )
            declared = self.shape.seconds if has_length(container.format.name, file) else 0.0
            start = (container.start_time or 0) / av.time_base
            clock = Clock(start, declared, self._faults)
            pile = _Pile(size)
            for samples in _placed(_frames(container, stream, self._faults), clock, self._faults):
                for block in pile.add(samples):
                    self.seconds = pile.seconds
                    yield block
            yield from pile.rest()
            self.seconds = pile.seconds
            if not pile.seconds:
                raise _no_audio(name, self._faults)
            self._tell(declared, _version(file) != before)

    def _tell(self, declared: float, changed: bool) -> None:
        if declared and abs(declared - self.seconds) > max(0.5, declared / 100):
            self.warnings.append(
                f"the header says {declared:.1f} s, {self.seconds:.1f} s could be decoded"
            )
        if changed:
            self.warnings.append("the file was changed while it was read")
        self.warnings += self._faults.told()


@contextmanager
def _plain_words(name: str) -> Iterator[None]:
    try:
        yield
    except (Refused, FFmpegError, OSError, ValueError, ArithmeticError) as error:
        raise Undecodable(
            f"{printable(name)} cannot be decoded: {_reason(error)}",
            hint=error.hint if isinstance(error, Refused) else "",
        ) from error


def _no_audio(name: str, faults: Faults) -> Undecodable:
    text = f"{printable(name)} contains no audio"
    if faults.packets:
        return Undecodable(f"{text}: none of its {faults.packets} packets can be decoded")
    return Undecodable(text, hint="is it still being written?")


def _reason(error: Exception) -> str:
    if isinstance(error, Refused):
        return str(error)
    if isinstance(error, OSError) and error.errno == errno.ENXIO:
        return "it is a socket or a device, not a file"
    for kind, words in _REASONS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, FFmpegError):
        return _REASONS[av.error.InvalidDataError]
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return text[:1].lower() + text[1:]


@contextmanager
def _container(file: Content, name: str) -> Iterator[InputContainer]:
    form, options = sniff(os.pread(file.fileno(), 16, 0), name)
    # "none" is no protocol: what is inside a file can open nothing, not even another file.
    options |= {"protocol_whitelist": "none", "format_whitelist": FORMATS, "max_size": "32768"}
    with av.open(file, "r", format=form, options=options, metadata_errors="replace") as container:
        file.header_ends()
        yield container


def _version(file: FileIO) -> tuple[int, int]:
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _best(container: InputContainer) -> AudioStream:
    stream = container.streams.best("audio")
    if stream is None:
        found = bool(container.streams.audio)
        raise Refused("its header makes no sense" if found else "it contains no audio track")
    return cast("AudioStream", stream)


def _shape(container: InputContainer, stream: AudioStream, file: FileIO) -> Shape:
    context = stream.codec_context
    if context is None:  # whatever PyAV's types say
        raise Refused("its codec is not known here")
    if context.channels not in range(1, MAX_CHANNELS + 1):
        raise Refused(
            f"it has {context.channels} channels, and 1 to {MAX_CHANNELS} can be used",
            hint="split it into files of fewer channels",
        )
    if context.sample_rate not in RATES:
        raise Refused(f"its sample rate is {context.sample_rate} Hz")
    seconds = 0.0
    if stream.duration is not None and stream.time_base is not None:
        seconds = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        seconds = container.duration / av.time_base
    seconds = max(0.0, seconds, promised_seconds(file))
    return Shape(seconds, context.sample_rate, context.channels, context.codec.canonical_name)


def _frames(container: InputContainer, stream: AudioStream, faults: Faults) -> Iterator[AudioFrame]:
    """Yield what can be decoded, going on after what cannot."""
    in_a_row = 0
    while in_a_row < MAX_FAULTS_IN_A_ROW:
        try:
            for packet in container.demux(stream):
                yield from _of_packet(packet, faults)
                in_a_row = 0
        except (FFmpegError, IndexError):  # PyAV does not know tracks that begin in the middle
            faults.packets += 1
            in_a_row += 1
        except OSError as error:
            faults.unread = _reason(error)
            return
        else:
            return


def _of_packet(packet: Packet[AudioStream], faults: Faults) -> Iterator[AudioFrame]:
    try:
        for frame in packet.decode():
            # Damage may announce any number; the header was checked for the same.
            if frame.layout.nb_channels in range(1, MAX_CHANNELS + 1):
                yield frame
            else:
                faults.packets += 1
    except av.error.EOFError:
        return
    except FFmpegError:
        faults.packets += 1


def _placed(
    frames: Iterator[AudioFrame], clock: Clock, faults: Faults
) -> Iterator[NDArray[np.float32]]:
    """Yield the samples of all channels on the clock of the recording, shape (channels, n)."""
    resampler: _Resampler | None = None
    given = 0
    for frame in frames:
        channels = resampler.channels if resampler else frame.layout.nb_channels
        faults.layouts += frame.layout.nb_channels != channels
        begin = clock.place(frame.time, frame.samples / frame.sample_rate)
        if resampler and (begin is not None or not resampler.takes(frame)):
            for samples in resampler.rest():
                given += samples.shape[1]
                yield samples
            resampler = None
        while begin is not None and given < begin:
            silence = np.zeros((channels, min(RATE, begin - given)), np.float32)
            given += silence.shape[1]
            yield silence
        resampler = resampler or _Resampler(frame, channels)
        for samples in resampler.add(_finite(frame, faults)):
            given += samples.shape[1]
            yield samples
    if resampler:
        yield from resampler.rest()


class _Resampler:
    """Frames of one format to 16,000 Hz float32 with a fixed number of channels."""

    def __init__(self, frame: AudioFrame, channels: int) -> None:
        self._like = (frame.format.name, frame.layout.name, frame.sample_rate)
        self.channels = channels
        # Packed: PyAV 18 reads beyond the planes of a planar frame of 8 channels and crashes.
        self._swr = AudioResampler("flt", rate=RATE, frame_size=RATE, options=RESAMPLER)

    def takes(self, frame: AudioFrame) -> bool:
        return (frame.format.name, frame.layout.name, frame.sample_rate) == self._like

    def add(self, frame: AudioFrame | None) -> Iterator[NDArray[np.float32]]:
        for done in self._swr.resample(frame):
            samples: Any = done.to_ndarray().reshape(-1, done.layout.nb_channels).T
            samples = samples[: self.channels]
            missing = self.channels - samples.shape[0]
            if missing:
                samples = np.pad(samples, ((0, missing), (0, 0)))
            samples = np.nan_to_num(samples, copy=False, posinf=0.0, neginf=0.0)
            yield np.clip(samples, -1.0, 1.0)

    def rest(self) -> Iterator[NDArray[np.float32]]:
        return self.add(None)


def _finite(frame: AudioFrame, faults: Faults) -> AudioFrame:
    """Return the frame without values that would spoil everything near them."""
    unsafe = frame.format.is_planar and frame.layout.nb_channels >= MAX_CHANNELS  # see _Resampler
    if unsafe or not frame.format.name.startswith(("flt", "dbl")):
        return frame
    values: Any = frame.to_ndarray()
    wrong = ~(np.abs(values) <= LOUDEST)  # true for NaN as well
    if not wrong.any():
        return frame
    finite = np.isfinite(values)
    faults.numbers += int((~finite).sum())
    faults.loud += int((wrong & finite).sum())
    kept = np.clip(np.where(finite, values, 0), -1.0, 1.0)
    clean = AudioFrame.from_ndarray(kept, format=frame.format.name, layout=frame.layout.name)
    clean.sample_rate, clean.pts, clean.time_base = frame.sample_rate, frame.pts, frame.time_base
    return clean


class _Pile:
    """Collects samples until they make a block."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._block: NDArray[np.float32] | None = None
        self._filled = 0
        self._given = 0

    @property
    def seconds(self) -> float:
        """How much has been collected since the beginning."""
        return (self._given + self._filled) / RATE

    def add(self, samples: NDArray[np.float32]) -> Iterator[Block]:
        while samples.shape[1]:
            if self._block is None:
                self._block = np.empty((samples.shape[0], self._size), np.float32)
            part = samples[:, : self._size - self._filled]
            self._block[:, self._filled : self._filled + part.shape[1]] = part
            self._filled += part.shape[1]
            samples = samples[:, part.shape[1] :]
            if self._filled == self._size:
                yield from self.rest()

    def rest(self) -> Iterator[Block]:
        if self._block is not None and self._filled:
            whole = self._filled == self._size
            samples = self._block if whole else self._block[:, : self._filled].copy()
            offset = self._given / RATE
            self._given += self._filled
            self._block, self._filled = None, 0
            yield Block(offset, samples)
