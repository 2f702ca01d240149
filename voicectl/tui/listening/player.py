"""Has a recording played by a child, until it is over, its end is reached, or nobody listens."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from voicectl import parse

LOOK_SECONDS = 0.1
STOP_SECONDS = 2.0
CHILD = (sys.executable, "-P", "-m", "voicectl.tui.listening")


class Player:
    """Plays one recording at a time; methods are called by one thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` is given a sentence when something keeps it from playing."""
        self._say = say
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def play(self, path: Path, over: Callable[[], bool], ended: Callable[[], None]) -> None:
        """Play a recording instead of what is played now; `ended` is called behind its last frame.

        `over` says whether it still grows: then it begins shortly before where it is now.
        """
        self.stop()
        self._stopping = stopping = threading.Event()

        def work() -> None:
            if trouble := _played(path, over, stopping):
                self._say(f"Nothing is heard: {trouble}.")
            if not stopping.is_set():
                ended()

        self._thread = threading.Thread(target=work, name="listening", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Play nothing any more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            self._thread = None


def _played(path: Path, over: Callable[[], bool], stopping: threading.Event) -> str:
    """Have a recording played to its end; return what kept it from that."""
    command = [*CHILD, str(path), *(["over"] if over() else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as child:
        assert child.stdin is not None  # noqa: S101, it is a pipe
        told = False
        while child.poll() is None and not stopping.wait(LOOK_SECONDS):
            if not told and over():
                told = True
                with suppress(BrokenPipeError):  # it has ended
                    child.stdin.write(b"over\n")
                    child.stdin.flush()
        if stopping.is_set():
            child.kill()
            return ""
        said, _ = child.communicate()
    if child.returncode:
        return "what plays sound broke down; its devices are listed by: aplay -l"
    if not said:
        return ""
    problem = parse.json(said, dict[str, str])
    return problem["text"] + (f" ({problem['hint']})" if problem["hint"] else "")
