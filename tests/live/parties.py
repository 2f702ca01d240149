"""Callers and agents: SIPp with speech of real recordings."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

import numpy as np

from tests.live.asterisk import Asterisk

SCENARIOS = Path(__file__).parent / "scenarios"
RATE = 8000
"""Hertz, of PCMU."""
MULAW = 7
"""Format of a WAV file."""
GRACE = 20.0
"""Seconds a party may take for all but speaking."""


def speech(path: Path, channel: int, start: float, seconds: float) -> bytes:
    """Return a stretch of a mu-law recording of two channels, a byte a sample."""
    whole = path.read_bytes()
    begin = whole.index(b"data") + 8
    return whole[begin:][channel::2][int(start * RATE) : int((start + seconds) * RATE)]


def samples(mulaw: bytes) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return what a telephone makes of mu-law (ITU-T G.711): 16-bit samples."""
    code = ~np.frombuffer(mulaw, np.uint8)
    size = (((code & 0x0F).astype(np.int32) << 3) + 0x84) << ((code >> 4) & 0x07)
    return np.where(code & 0x80, 0x84 - size, size - 0x84).astype(np.int16)


FRAME = 320
"""Bytes of 20 ms of samples."""
LATE, HASTY = 1.0, 0.2
"""Seconds that may be over before somebody listens, and that may be cut off at the end."""


def has(sound: bytes | bytearray, said: bytes) -> bool:
    """Whether what was said (mu-law) is in a sound (16 bits), but for beginning and end."""
    middle = samples(said)[int(LATE * RATE) : len(said) - int(HASTY * RATE)]
    return middle.tobytes() in sound


def share(sound: bytes, said: bytes) -> float:
    """Return how much of what was said (mu-law) is in a sound, but for its beginning.

    Not all at once as `has` wants it: where Asterisk mixes, a machine with much to do puts
    silence in between.
    """
    raw = samples(said)[int(LATE * RATE) :].tobytes()
    pieces = [raw[at : at + FRAME] for at in range(0, len(raw), FRAME)]
    return sum(piece in sound for piece in pieces) / len(pieces)


STALL_SECONDS = 0.1
"""So long Asterisk keeps the sound of two parties together; what comes later it throws away."""
NAP_SECONDS = 0.01
"""So often it is looked."""
TRIES = 5
T = TypeVar("T")


def undisturbed(place: Callable[[], T]) -> T:
    """Place a call, again if the machine stood still meanwhile; return what became of the last.

    A virtual machine whose host is busy has no processor now and then, for up to a second: what
    is missing then is no fault of anybody here.
    """
    for _ in range(TRIES):
        with _stalls() as stalls:
            found = place()
        if max(stalls) < STALL_SECONDS:
            break
    return found


@contextmanager
def _stalls() -> Iterator[list[float]]:
    """Yield how many seconds too long each short sleep was while the block ran."""
    over, late = threading.Event(), [0.0]

    def sleep() -> None:
        while not over.is_set():
            began = time.monotonic()
            time.sleep(NAP_SECONDS)  # waits for nothing: how late it ends is what is measured
            late.append(time.monotonic() - began - NAP_SECONDS)

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    try:
        yield late
    finally:
        over.set()
        thread.join()


class Party:
    """One SIPp, which speaks."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def wait(self, seconds: float) -> None:
        """Wait until its calls are over; they must have gone as the scenario says."""
        said, _ = self._process.communicate(timeout=seconds + GRACE)
        assert self._process.returncode == 0, said[-3000:] + self.errors

    @property
    def errors(self) -> str:
        """What it complained about."""
        return "".join(path.read_text() for path in self._folder.glob("*_errors.log"))

    def end(self) -> None:
        """Make it go, whatever it does."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def _sipp(asterisk: Asterisk, scenario: str, said: bytes, *options: str | int) -> Iterator[Party]:
    with tempfile.TemporaryDirectory(prefix="vc-sipp-") as name:
        folder = Path(name)
        (folder / "sound.ulaw").write_bytes(said)
        shutil.copy(SCENARIOS / f"{scenario}.xml", folder)
        command = ["setpriv", "--pdeathsig", "KILL", "sipp", asterisk.address, "-nostdin"]
        command += ["-sf", f"{scenario}.xml", "-i", asterisk.address, "-trace_err"]
        command += ["-mi", asterisk.address]
        process = subprocess.Popen(
            [*command, *map(str, options)],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        party = Party(process, folder)
        try:
            yield party
        finally:
            party.end()


def caller(
    asterisk: Asterisk, extension: str, said: bytes, *, number: str = "100", calls: int = 1
) -> AbstractContextManager[Party]:
    """Place calls, all at once; each says `said` (mu-law) and then hangs up.

    They fail if somebody hangs up on them.
    """
    lasts = round(1000 * len(said) / RATE) + 200
    return _sipp(
        asterisk, "caller", said, "-s", extension, "-key", "number", number,
        "-m", calls, "-l", calls, "-r", calls, "-d", lasts,
    )  # fmt: skip


def agent(
    asterisk: Asterisk, said: bytes, *, scenario: str = "agent", port: int = 5070
) -> AbstractContextManager[Party]:
    """Be a human, or several: pick up, say `said`, stay until the other side goes.

    They take any number of calls. One with a single call to take would be there in vain where an
    agent of an earlier call left without hearing its goodbye: Asterisk says that again for half a
    minute to whoever has the port, and SIPp takes it for a call.

    Asterisk has the one of port 5070 as `PJSIP/agent`. The one of `transferring.xml` holds the
    caller for a moment, and then hands her on to the extension `colleague`.
    """
    return _sipp(asterisk, scenario, said, "-p", port)
