"""Plays recordings as calls by SIP, as somebody with a telephone would make them.

    python -m voicectl_daemon.phone.caller ADDRESS sip RATE CALLS FILE...

For trying out and for tests, like `voicectl_daemon.media.caller`. At 8,000 Hz it
speaks G.711, at 16,000 Hz G.722.
"""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import msgspec

from voicectl.errors import UsageError, VoicectlError
from voicectl.sip import MOST_CALLS, Sip
from voicectl_daemon.media.caller import Played, samples
from voicectl_daemon.phone.pjsip import BUSY, RATE, Account, Endpoint, Player, Sound

POLL_SECONDS = 0.005
SETUP_SECONDS = 10.0
"""How long an answer may take."""
TAIL_SECONDS = 0.3
"""What was said is still under way for so long."""
NOBODY = (408, 487)
"""What a call ends with that nobody answers, and that was given up."""
_SPEAKING = {8_000: Sip(codecs=("PCMU",)), 16_000: Sip(codecs=("G722",))}


class Playing:
    """One call, its recording, and how it goes."""

    def __init__(self, account: Account, number: str, path: Path, into: Played) -> None:
        self._path, self._into = path, into
        self._player: Player | None = None
        self._ends = time.monotonic() + SETUP_SECONDS
        self._packets = 0, 0
        self._ending = self.over = False
        self.status = 0
        """Of SIP, when it was not answered."""
        self.call = account.dial(number)
        self.call.talks, self.call.over = self._talks, self._is_over

    def look(self) -> None:
        """Hang up when all was said, or nobody answers."""
        if self._player is not None:
            self._packets = max(self._packets, self.call.packets)
        if not self._ending and time.monotonic() > self._ends:
            self._ending = True
            self.call.end()

    def _talks(self, sound: Sound) -> None:
        if self._player is None:
            self._into.calls += 1
            with wave.open(str(self._path)) as file:
                seconds = file.getnframes() / file.getframerate()
            self._ends = time.monotonic() + seconds + TAIL_SECONDS
            self._player = Player(str(self._path))
            self._player.startTransmit(sound)

    def _is_over(self) -> None:
        self.over = True
        self.status = self.call.status if self._player is None else 0
        self._into.lost += self._player is not None and not self._ending
        sent, received = self._packets
        self._into.frames_sent += sent
        self._into.frames_received += received


def play_all(address: str, rate: int, paths: Sequence[Path]) -> Played:
    """Play several calls at once. Raises `UsageError` when one of them is not answered."""
    endpoint = Endpoint(_SPEAKING[rate], lambda: None)
    host = _own_address(address)
    endpoint.listen(host, 0)
    account = Account(endpoint, lambda call: call.say(BUSY), lambda _code, _why: None)
    endpoint.be(account, host, "")
    into = Played()
    number = address if address.startswith("sip") else f"sip:voicectl@{address}"
    playing = [Playing(account, number, path, into) for path in paths]
    while not all(each.over for each in playing):
        endpoint.poll()
        for each in playing:
            each.look()
        time.sleep(POLL_SECONDS)
    if refused := [each.status for each in playing if each.status]:
        why = "nobody is there" if refused[0] in NOBODY else f"SIP {refused[0]}"
        raise UsageError(
            f"{number} did not answer {len(refused)} of {len(playing)} calls: {why}",
            hint='is there a [[listen]] with transport = "sip", and does `voicectl serve` run?',
        )
    return into


def _own_address(address: str) -> str:
    """Return the address of this machine from which another one is reached. Raises `UsageError`."""
    host = address.rpartition("@")[2].partition(";")[0].partition(":")[0]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
            way.connect((host, 5060))
            return str(way.getsockname()[0])
    except OSError as error:
        raise UsageError(
            f"{host} cannot be reached: {error.strerror}", hint="--address is HOST:PORT"
        ) from error


def main() -> None:
    """See the module."""
    address, _, rate, calls, *names = sys.argv[1:]
    status = 0
    try:
        if int(calls) > MOST_CALLS:
            raise UsageError(
                f"by SIP at most {MOST_CALLS} calls can be made at once, not {calls}",
                hint="start it twice, side by side",
            )
        with tempfile.TemporaryDirectory(prefix="voicectl-") as folder:
            paths = [_written(Path(folder), place, name) for place, name in enumerate(names)]
            chosen = [paths[place % len(paths)] for place in range(int(calls))]
            told = msgspec.json.encode(play_all(address, int(rate), chosen))
    except VoicectlError as error:
        told, status = msgspec.json.encode(error.to_wire()), int(error.exit_status)
    sys.stdout.buffer.write(told + b"\n")
    sys.stdout.flush()
    os._exit(status)  # not by the end of the program: see `phone`


def _written(folder: Path, place: int, name: str) -> Path:
    """Return a file with a recording as the telephone wants it. Raises `Undecodable`."""
    path = folder / f"{place}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples(name, RATE))
    return path


if __name__ == "__main__":
    main()
