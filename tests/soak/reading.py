"""Gives damaged recordings to confined children, and tells how each one ended."""

from __future__ import annotations

import json
import selectors
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.soak.mutants import Mutant
from tests.soak.recordings import SECONDS

ROOT = Path(__file__).parents[2]
WALL_SECONDS = 120.0
"""For one recording of a few seconds, on a machine that is busy with others."""
MISSING = 0.5
"""Seconds that may be missing of a recording without a word: as `decode` promises."""
OK, WARNED, FAILED = "ok", "warned", "failed"


@dataclass
class Findings:
    """How the recordings ended; only what is in `wrong` should not be."""

    ended: Counter[str] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    longest: tuple[float, str] = (0.0, "")
    """CPU seconds, and whose they were."""


class Child:
    """A process that reads recordings; another takes its place when it is lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process; None before the first recording."""
        return self._process.pid if self._process else None

    def read(self, path: Path) -> dict[str, Any]:
        """Return what a process says of a recording; `lost` when it had no more to say."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", "-m", "tests.soak.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=ROOT,
            )
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(BrokenPipeError):  # its last words say why
            process.stdin.write(json.dumps([str(path), path.name]) + "\n")
            process.stdin.flush()
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            if not waiting.select(WALL_SECONDS):
                return self._lost(f"it hangs for {WALL_SECONDS:.0f} s")
        line = process.stdout.readline()
        if not line.startswith("{"):
            said = line + process.stdout.read()
            return self._lost(f"it ended its process with {process.wait()}: {said[:2000]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _lost(self, how: str) -> dict[str, Any]:
        self.close()
        return {"lost": how}

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


def verdict(mutant: Mutant, answer: dict[str, Any]) -> tuple[str, str]:
    """Return how a recording ended, and what is wrong with that."""
    for fault in ("lost", "unexpected"):
        if fault in answer:
            return fault, str(answer[fault])
    if "error" in answer:
        plain = answer["error"].isprintable() and "Errno" not in answer["error"]
        return FAILED, "" if plain else f"no sentence: {answer['error']!r}"
    missing = SECONDS * (1 - mutant.kept)
    if mutant.told and missing > MISSING + 0.1 and not answer["warnings"]:
        return OK, f"{missing:.1f} s are missing and nobody is told"
    return WARNED if answer["warnings"] else OK, ""


def read_all(found: Iterable[Mutant], folder: Path, children: int) -> Findings:
    """Read every mutant in one of `children` processes; keep the files of what went wrong."""
    findings, lock, mine = Findings(), threading.Lock(), threading.local()
    pool: list[Child] = []

    def one(mutant: Mutant) -> None:
        child = getattr(mine, "child", None)
        if child is None:
            child = mine.child = Child()
            pool.append(child)
        path = folder / mutant.name
        path.write_bytes(mutant.content)
        answer = child.read(path)
        how, wrong = verdict(mutant, answer)
        with lock:
            findings.ended[how] += 1
            findings.longest = max(findings.longest, (answer.get("took", 0.0), mutant.name))
            if wrong:
                findings.wrong[mutant.name] = wrong
        if not wrong:
            path.unlink()

    try:
        with ThreadPoolExecutor(children) as threads:
            list(threads.map(one, found))
    finally:
        for child in pool:
            child.close()
    return findings


@contextmanager
def canary() -> Iterator[tuple[str, list[bytes]]]:
    """Yield an address on loopback, and what whoever comes there says."""
    came: list[bytes] = []

    def listen(listener: socket.socket) -> None:
        while True:
            try:
                visitor, _ = listener.accept()
            except OSError:
                return
            with visitor:
                visitor.settimeout(5)
                came.append(visitor.recv(1_000))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        watch = threading.Thread(target=listen, args=(listener,))
        watch.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", came
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            watch.join()
