"""What a file is before anything decodes it: its kind, its first bytes, its name.

Nothing here knows a codec. A recording is opened by descriptor and must be an
ordinary file; the first bytes say which of ffmpeg's demuxers may read it, and
the suffix says so for the headerless files of Asterisk.
"""

from __future__ import annotations

import math
import os
import re
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import PurePosixPath

FORMATS = (
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,amr,mov,matroska,webm,asf,avi,flv,mpeg,mpegts,"
    "ac3,eac3,wv,tta,ape,voc,nistsphere,ircam,xwma,dss,"
    "mulaw,alaw,s16le,g722,gsm,g729"
)
"""ffmpeg's demuxers that may read a recording: none that opens a second file or address."""

HEADERLESS = {
    **dict.fromkeys((".ulaw", ".ul", ".mulaw", ".pcmu"), ("mulaw", 8_000)),
    **dict.fromkeys((".alaw", ".al", ".pcma"), ("alaw", 8_000)),
    **dict.fromkeys((".sln", ".slin"), ("s16le", 8_000)),
    **{f".sln{k}": ("s16le", k * 1_000) for k in (12, 16, 24, 32, 48, 96, 192)},
    ".sln44": ("s16le", 44_100),
    ".g722": ("g722", 16_000),
    ".gsm": ("gsm", 8_000),
    ".g729": ("g729", 8_000),
}
"""Suffix -> ffmpeg's demuxer and the rate in hertz; all are mono."""

MAGIC = (
    (0, rb"(RIFF|RIFX|RF64|BW64)....WAVE", "wav"),
    (0, rb"riff\x2e\x91\xcf\x11", "w64"),
    (0, rb"OggS", "ogg"),
    (0, rb"fLaC", "flac"),
    (0, rb"FORM....AIF[FC]", "aiff"),
    (0, rb"\.snd", "au"),
    (0, rb"caff", "caf"),
    (0, rb"#!AMR", "amr"),
    (0, rb"\x1a\x45\xdf\xa3", "matroska"),
    (4, rb"ftyp", "mov"),
    (0, rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (0, rb"RIFF....AVI ", "avi"),
    (0, rb"ID3", ""),
)
"""Where, what, and the demuxer it means; empty where ffmpeg has to look further."""

WITHOUT_LENGTH = frozenset({"mp3", "aac", "ac3", "eac3", "amr", "mpeg", "mpegts", "dss"})
"""Formats whose length ffmpeg guesses from the bit rate, unless an MP3 carries a Xing header."""

MAX_CHUNKS = 256
"""Of a WAV header; a file of nothing but empty chunks would take for ever."""

MAX_SEEKS = 500_000
"""Of ffmpeg in a header, for the same reason; ten hours of MP4 in seconds take 422,000."""

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Refused(Exception):
    """Not a recording that can be read; the reason completes a sentence and may have a hint."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.hint = hint


class Content(FileIO):
    """A file in which a damaged header may point anywhere, and lead ffmpeg around for hours."""

    _seeks: float = MAX_SEEKS
    """How many are left."""

    def header_ends(self) -> None:
        """Let ffmpeg go through the rest as often as it likes, if there is a header."""
        if not self._seeks:
            raise Refused("its header does not end")
        self._seeks = math.inf

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes; none where a header has led around for too long."""
        return super().read(size) if self._seeks else b""

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place; -1, as ffmpeg expects it of its own files, where that cannot be."""
        if not self._seeks:
            return -1
        self._seeks -= 1
        # PyAV prints what is raised here.
        try:
            return super().seek(offset, whence)
        except (OSError, OverflowError):
            return -1


@contextmanager
def opened(path: str) -> Iterator[Content]:
    """Open an ordinary file for reading, and refuse everything else without waiting for it."""
    # Without O_NONBLOCK opening a pipe waits for ever for somebody to write.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something special")
            raise Refused(f"it is {kind}, not a file")
        if not found.st_size:
            raise Refused("it is empty", hint="is it still being written?")
        with Content(descriptor, closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)


def printable(name: str) -> str:
    """Return a name that may stand in a sentence.

    File names may hold line ends, escape sequences and bytes that are no UTF-8.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def sniff(head: bytes, name: str) -> tuple[str | None, dict[str, str]]:
    """Return ffmpeg's demuxer, None where it has to look for itself, and options for it."""
    for start, pattern, form in MAGIC:
        if re.match(pattern, head[start:], re.DOTALL):
            return form or None, {}
    raw, rate = HEADERLESS.get(PurePosixPath(name).suffix.lower(), ("", 0))
    takes_rate = raw in ("mulaw", "alaw", "s16le", "gsm")
    return raw or None, {"sample_rate": str(rate)} if takes_rate else {}


def promised_seconds(file: FileIO) -> float:
    """Return the seconds that the header of a WAV file promises, 0.0 when it promises none.

    ffmpeg tells only for how many seconds there are bytes.
    """
    magic = os.pread(file.fileno(), 4, 0)
    order = {b"RIFF": "<", b"RIFX": ">"}.get(magic)
    place, per_second = 12, 0
    for _ in range(MAX_CHUNKS):
        chunk = os.pread(file.fileno(), 20, place)
        if not order or len(chunk) < 8:
            break
        kind, size = struct.unpack_from(f"{order}4sI", chunk)
        if kind == b"fmt " and len(chunk) == 20:
            (per_second,) = struct.unpack_from(f"{order}I", chunk, 16)
        if kind == b"data":
            # Programs that cannot go back write "as long as possible" there.
            return float(size / per_second) if per_second and size < 0x7FFF_0000 else 0.0
        place += 8 + size + size % 2
    return 0.0


def has_length(form: str, file: FileIO) -> bool:
    """Tell whether the length in the header is a fact and not a guess from the bit rate."""
    if form not in WITHOUT_LENGTH:
        return True
    head = os.pread(file.fileno(), 10, 0)
    tag = 0
    if head[:3] == b"ID3" and len(head) == 10:
        tag = sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    return bool(re.search(rb"Xing|Info|VBRI", os.pread(file.fileno(), 4096, tag)))
