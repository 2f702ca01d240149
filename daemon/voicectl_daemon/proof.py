"""Proves that work can be done: now and then a word goes through a worker and the store."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from voicectl.errors import VoicectlError
from voicectl_daemon import ids, unforeseen
from voicectl_daemon.duck import one
from voicectl_daemon.store import Store
from voicectl_daemon.work.foreman import Foreman

EVERY_SECONDS = 30.0
"""How often workers that have nothing to do are asked; those at work tell by themselves."""
FRESH_SECONDS = 600.0
"""After so long without an answer a worker is started for it: that takes a third of a second of
one core, which calls in progress may need."""
AGAIN_SECONDS = 2.0
"""After the first word that did not come back."""
SHOWN_SECONDS = 3.0
"""After so long without an answer it is told that there is none."""
STOP_SECONDS = 2.0

log = logging.getLogger(__name__)


class Proof:
    """One thread that asks; a part that does not answer holds up nobody else."""

    def __init__(self, foreman: Foreman, store: Store) -> None:
        self._foreman = foreman
        self._store = store
        self._asking = "a worker"
        self._asked: float | None = None
        self._proven = -FRESH_SECONDS
        self._trouble = ""
        self._failures = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="proof", daemon=True)

    def start(self) -> None:
        """Ask at once, and again and again."""
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def failed(self) -> Iterator[str]:
        """Yield why nothing can be done: also what was started anew does not answer."""
        if self._failures > 1:
            yield self._trouble

    def wrong(self) -> Iterator[str]:
        """Yield what does not answer, and may yet."""
        if self._failures == 1:
            yield self._trouble
        asked = self._asked
        if asked is not None and (waited := time.monotonic() - asked) > SHOWN_SECONDS:
            yield f"{self._asking} has not answered for {waited:.0f} s"

    def _serve(self) -> None:
        while not self._stopping.is_set():
            with unforeseen.survived(log, "unexpected while workers were asked"):
                self._try()
            self._stopping.wait(AGAIN_SECONDS if self._failures == 1 else EVERY_SECONDS)

    def _try(self) -> None:
        fresh = bool(self._failures) or time.monotonic() - self._proven > FRESH_SECONDS
        try:
            if self._round_trip(ids.fresh(), fresh=fresh):
                self._proven = time.monotonic()
                self._failures = 0
        except VoicectlError as error:
            if not self._stopping.is_set():
                self._trouble = error.text
                self._failures += 1
                log.warning("%s", error.text)
        finally:
            self._asked = None

    def _round_trip(self, word: str, *, fresh: bool) -> bool:
        """Return whether a word came back; without `fresh` there may be nobody to ask."""
        self._asking, self._asked = "a worker", time.monotonic()
        if not self._foreman.ask(word, self._stopping, fresh=fresh):
            return False
        self._asking, self._asked = "the store", time.monotonic()
        _write_and_read(self._store, word)
        return True


def _write_and_read(store: Store, word: str) -> None:
    """Raises `VoicectlError`."""
    with store.writing() as db:
        db.execute("CREATE TABLE book.proof AS SELECT ? AS word", [word])
        (read,) = one(db.execute("SELECT word FROM book.proof"))
        db.rollback()  # nothing of it reaches the disk
        db.begin()
    if read != word:
        raise VoicectlError("the store does not return what is written into it")
