"""The ears: read recordings that grow, and tell what is said in them.

    python -m voicectl_daemon.ears DESCRIPTOR MODELS SETTINGS

What is over is recognised first, the oldest before all others; what is still
being spoken only when nothing waits. So when the machine cannot keep up it is
the partial turns that are dropped, and never a word of the final ones.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from voicectl import parse
from voicectl.errors import VoicectlError
from voicectl.lines import Live
from voicectl.live import LiveTurn
from voicectl_daemon import parent, unforeseen
from voicectl_daemon.ears import line
from voicectl_daemon.ears.followed import Followed
from voicectl_daemon.ears.recognising import Recogniser, Waiting

TOGETHER = 8
"""Turns of all calls that are recognised at once; the first of them waits for the last."""
TELL_SECONDS = 0.5
"""How often it is told how far the listening is."""
ALIVE_SECONDS = 2.0
MORE_SECONDS = 1.5
"""So much more of a turn is spoken before it is shown again..."""
HEAD_START = 0.5
"""...and so much less before its beginning is shown."""

log = logging.getLogger(__name__)


class Ears:
    """Listens to all calls in progress."""

    def __init__(self, wire: Connection, models: Path, live: Live) -> None:
        self._wire = wire
        self._telling = threading.Lock()
        self._recogniser = Recogniser(models, live)
        self._orders: queue.Queue[line.Order] = queue.Queue()
        self._decoder: parse.Decoder[line.Order] = parse.decoder(line.Order)
        self._calls: dict[str, Followed] = {}
        self._told: dict[str, float] = {}

    def serve(self) -> None:
        """Listen until the daemon goes away."""
        threading.Thread(target=self._hear_orders, daemon=True).start()
        threading.Thread(target=self._stay_alive, daemon=True).start()
        try:
            self._tell(line.Ready(self._recogniser.warm()))
        except VoicectlError as error:
            self._tell(line.Unable(None, error.text, error.hint))
            return
        while True:
            self._obey()
            self._read()
            at_work = self._recognise()
            self._tell_how_it_stands()
            if not at_work:
                self._rest()

    def _read(self) -> None:
        # Not in the loop above, which would hold the last call while there is none.
        for call in list(self._calls.values()):
            self._safely(call, call.read)

    def _rest(self) -> None:
        """Wait until the daemon says something: sound that has come is told by it, too."""
        with suppress(queue.Empty):
            if not any(call.unread for call in self._calls.values()):
                self._take(self._orders.get(timeout=TELL_SECONDS))

    def _hear_orders(self) -> None:
        try:
            while True:
                self._orders.put(self._decoder.decode(self._wire.recv_bytes()))
        except (EOFError, OSError):
            os._exit(0)

    def _tell(self, report: line.Report) -> None:
        try:
            with self._telling:
                self._wire.send_bytes(msgspec.json.encode(report))
        except OSError:
            os._exit(0)

    def _stay_alive(self) -> None:
        while True:
            time.sleep(ALIVE_SECONDS)
            self._tell(line.Alive())

    def _obey(self) -> None:
        while True:
            try:
                self._take(self._orders.get_nowait())
            except queue.Empty:
                return

    def _take(self, order: line.Order) -> None:
        if isinstance(order, line.Follow):
            self._follow(order)
        elif (call := self._calls.get(order.call)) is None:
            return
        elif isinstance(order, line.Forget):
            self._drop(call)
        elif isinstance(order, line.Over):
            call.over = True
            call.grown([order.frames] * len(call.legs))
        else:
            call.grown(order.readable)

    def _follow(self, order: line.Follow) -> None:
        try:
            self._calls[order.call] = Followed(order, self._recogniser.allowed)
        except OSError as error:
            text = f"its recording cannot be read: {error.strerror}"
            self._tell(line.Unable(order.call, text))

    def _recognise(self) -> bool:
        """Recognise some turns; False when there is nothing to do."""
        over = [
            Waiting(call, leg, spoken)
            for call in self._calls.values()
            for leg, spoken in call.waiting
        ]
        if not over:
            return self._show()
        over = sorted(over, key=lambda each: each.age, reverse=True)[:TOGETHER]
        for each in over:
            each.call.waiting.remove((each.leg, each.spoken))
            each.call.shown.pop(each.leg, None)
        try:
            self._said(over, self._recogniser.finals(over))
        except MemoryError:
            os.abort()
        except Exception as error:  # noqa: BLE001, now each by itself: one call harms no other
            log.warning("unexpected %s", unforeseen.place(error))
            for each in over:
                self._safely(each.call, partial(self._alone, each))
        return True

    def _alone(self, each: Waiting) -> None:
        self._said([each], self._recogniser.finals([each]))

    def _show(self) -> bool:
        """Recognise what is being spoken now, of the leg that waits longest."""
        speaking = [
            (
                spoken.end - call.shown.get(leg, spoken.start - HEAD_START),
                Waiting(call, leg, spoken),
            )
            for call in self._calls.values()
            if not call.unread  # who is behind reads on first
            for leg, each in enumerate(call.legs)
            if (spoken := each.speaking()) is not None
        ]
        if not speaking:
            return False
        new, longest = max(speaking, key=lambda each: each[0])
        if new < MORE_SECONDS:
            return False
        longest.call.shown[longest.leg] = longest.spoken.end
        self._safely(longest.call, partial(self._begins, longest))
        return True

    def _begins(self, each: Waiting) -> None:
        turn = self._recogniser.partial(each)
        if turn.text:
            self._tell(line.Turn(each.call.id, turn))

    def _said(self, over: Sequence[Waiting], turns: Sequence[LiveTurn]) -> None:
        for each, turn in zip(over, turns, strict=True):
            self._tell(line.Turn(each.call.id, turn))

    def _tell_how_it_stands(self) -> None:
        now = time.monotonic()
        for call in list(self._calls.values()):
            if call.done:
                self._tell(line.Heard(call.id))
                self._drop(call)
            elif now - self._told.get(call.id, 0.0) > TELL_SECONDS:
                self._told[call.id] = now
                self._tell(line.Behind(call.id, round(call.lag, 2), call.tongue.language))

    def _safely(self, call: Followed, act: Callable[[], None]) -> None:
        """Do something for one call; what goes wrong with it harms no other."""
        try:
            act()
        except MemoryError:
            os.abort()
        except Exception as error:  # noqa: BLE001, as above
            log.warning("unexpected %s", unforeseen.place(error))
            self._tell(line.Unable(call.id, unforeseen.sentence(error)))
            self._drop(call)

    def _drop(self, call: Followed) -> None:
        self._calls.pop(call.id, None)
        self._told.pop(call.id, None)
        call.close()


def main() -> None:
    """Serve the line whose descriptor is the first argument."""
    parent.begin("ears", yields=5)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    live = parse.json(sys.argv[3], Live)
    Ears(Connection(int(sys.argv[1])), Path(sys.argv[2]), live).serve()


if __name__ == "__main__":
    main()
