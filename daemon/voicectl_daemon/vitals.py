"""Whether the daemon is alive: somebody who looks at all of it, again and again.

Whoever asks how it is gets what was seen last, at once, however often it is asked;
a part that does not answer holds up nobody but the one who looks.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterator

from voicectl.errors import VoicectlError
from voicectl.paths import Home
from voicectl.types import Health
from voicectl_daemon import unforeseen
from voicectl_daemon.books import Books
from voicectl_daemon.live.switchboard import Switchboard
from voicectl_daemon.proof import Proof
from voicectl_daemon.work.foreman import Foreman

LOOK_SECONDS = 1.0
STALE_SECONDS = 15.0
"""A look that takes longer hangs at a part."""
LEAST_FREE = 1 << 30
"""Bytes on the disk; with less it is time to make room."""
STOP_SECONDS = 5.0

log = logging.getLogger(__name__)


class Vitals:
    """One thread that looks, and what it saw."""

    def __init__(
        self, home: Home, books: Books, foreman: Foreman, switchboard: Switchboard
    ) -> None:
        self._folder = home.folder
        self._books = books
        self._foreman = foreman
        self._switchboard = switchboard
        self._proof = Proof(foreman, books.store)
        self._asking = "the ledger"
        self._seen: Health | None = None
        self._seen_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="vitals", daemon=True)
        self.rounds = 0
        """How often all parts have answered; a part that hangs stops it."""

    def start(self) -> None:
        """Look once, and then again and again."""
        self._try()
        self._thread.start()

    def prove(self) -> None:
        """Ask for a proof, too, that work can be done, again and again."""
        self._proof.start()

    def stop(self) -> None:
        """Look no more."""
        self._proof.stop()
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _serve(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            self._try()

    def _try(self) -> None:
        with unforeseen.survived(log, "unexpected while looking after the daemon"):
            self._look()

    def health(self) -> Health:
        """Return what was seen last, unless that is too long ago. Costs nothing."""
        age = time.monotonic() - self._seen_at
        if age > STALE_SECONDS:
            return Health("failed", (f"{self._asking} has not answered for {age:.0f} s",))
        return self._seen or Health("failed", ("it is just starting",))

    def _look(self) -> None:
        """Go round. A part that answers that it cannot work is alive: a restart mends nothing."""
        failed = []
        parts = {"the ledger": self._books.ledger.answer, "the store": self._books.store.answer}
        for self._asking, answer in parts.items():
            try:
                answer()
            except VoicectlError as error:
                failed.append(error.text)
        if stuck := self._switchboard.stuck():
            failed.append(f"threads that hang: {', '.join(stuck)}")
        else:
            self.rounds += 1
        failed += self._proof.failed()
        self._asking = "the rest"
        wrong = tuple(self._wrong())
        state = "failed" if failed else "degraded" if wrong else "ok"
        self._seen, self._seen_at = Health(state, (*failed, *wrong)), time.monotonic()

    def _wrong(self) -> Iterator[str]:
        """Yield what does not work, or soon will not."""
        for line in self._switchboard.lines():
            if not line.port:
                yield f"the line '{line.name}' takes no calls: {line.trouble}"
        yield from self._proof.wrong()
        if silent := self._foreman.silent():
            yield f"workers that hold work and say nothing: {silent}"
        free = shutil.disk_usage(self._folder).free
        if free < LEAST_FREE:
            yield f"{free >> 20} MB are free where the data folder lies"
