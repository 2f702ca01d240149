"""Starts a daemon on demand, and tells why when it cannot."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl.errors import DaemonBusy, DaemonUnreachable, VoicectlError, from_wire
from voicectl.paths import Home

START_SECONDS = 30.0
"""How long a daemon may take to open its door; it may have to wait for another that leaves."""
START_HINT = "its log is {log}; start it by hand with: voicectl serve"


class NobodyThere(DaemonUnreachable):
    """Nobody has heard the request."""


def problem(status: int, content: bytes | bytearray) -> VoicectlError:
    """Return the error in an answer that is one."""
    try:
        wire = parse.json(content, dict[str, str])
    except msgspec.DecodeError:
        wire = {"code": "error", "text": f"the daemon answered {status}"}
    return from_wire(wire.get("code", "error"), wire.get("text", ""), wire.get("hint", ""))


def start_daemon(place: Home, knock: Callable[[], object]) -> None:
    """Start a daemon on demand and wait until `knock` is answered.

    Raises what the daemon says when it cannot start.
    """
    newborn = _Newborn(place)
    try:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                knock()
            except NobodyThere:
                if newborn.gave_way():
                    time.sleep(0.5)
                    newborn.close()
                    newborn = _Newborn(place)
                time.sleep(0.03)
            else:
                return
    finally:
        newborn.close()
    raise DaemonUnreachable(
        f"the daemon did not open its door within {START_SECONDS:.0f} s",
        hint=START_HINT.format(log=place.log),
    )


class _Newborn:
    """A daemon that was just started, and what it says when it cannot live."""

    def __init__(self, place: Home) -> None:
        self._place = place
        log = _open_log(place)
        self._news, news = os.pipe()
        try:
            os.set_inheritable(news, True)
            self._pid = os.posix_spawn(
                sys.executable,
                # -P: what lies in the working folder is data and must not be imported
                [sys.executable, "-P", "-m", "voicectl_daemon", "--on-demand", "--tell", str(news)],
                os.environ | {"VOICECTL_HOME": str(place.folder)},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                    *((os.POSIX_SPAWN_CLOSE, each) for each in _others(news)),
                ],
                setsid=True,  # Ctrl-C in this terminal is not meant for it
            )
        except OSError as error:
            self.close()
            raise DaemonUnreachable(
                f"no daemon can be started: {error.strerror}", hint=START_HINT.format(log=place.log)
            ) from error
        finally:
            os.close(log)
            os.close(news)

    def gave_way(self) -> bool:
        """True when it ended because another daemon has the folder; that one may be leaving.

        Raises what was wrong when it ended for another reason.
        """
        try:
            if os.waitpid(self._pid, os.WNOHANG) == (0, 0):
                return False
        except ChildProcessError:
            pass  # it ended, and somebody else was told so
        told = os.read(self._news, 1 << 16)
        if not told:
            raise DaemonUnreachable(
                "the daemon could not be started" + _last_words(self._place.log),
                hint=START_HINT.format(log=self._place.log),
            )
        error = problem(0, told)
        if isinstance(error, DaemonBusy):
            return True
        raise error

    def close(self) -> None:
        """Listen no more; the daemon lives on."""
        os.close(self._news)


def _others(news: int) -> list[int]:
    """Return what a child would inherit beside `news`, such as the lock that cron jobs hold.

    A daemon outlives the command that starts it, and must hold nothing of its shell's.
    """
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208, names of descriptors, no paths
        descriptor = int(name)
        with suppress(OSError):  # the one that lists them is gone by now
            if descriptor > 2 and descriptor != news and os.get_inheritable(descriptor):
                found.append(descriptor)
    return found


def _open_log(place: Home) -> int:
    try:
        place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DaemonUnreachable(
            f"the data folder {place.folder} cannot be used: {error.strerror}",
            hint="VOICECTL_HOME names another folder",
        ) from error


def _last_words(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f": {lines[-1]}" if lines else ""
