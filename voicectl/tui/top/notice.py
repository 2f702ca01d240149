"""One line that is there only when something is wrong."""

from __future__ import annotations

import time

from voicectl.errors import DaemonUnreachable
from voicectl.tui import ink
from voicectl.tui.board import Board
from voicectl.tui.told import Told

SLOW_SECONDS = 5.0
"""From then on it is told that an answer is waited for."""


class Notice(Told):
    """What is wrong, as long as it is."""

    def tell_of(self, board: Board) -> None:
        """Show or hide it."""
        told = trouble(board)
        self.display = bool(told)
        self.tell(ink.cut(f" {told}", max(self.app.size.width - 1, 1)))


def trouble(board: Board) -> str:
    """Return what is wrong, most important first; empty when nothing is."""
    if isinstance(board.away, DaemonUnreachable):
        return "The daemon is away; it is looked for all the time. Start one: voicectl serve"
    if board.away:
        return f"{board.away.text[:1].upper()}{board.away.text[1:]}; asked again every 2 s."
    since = board.asked_since
    if since is not None and time.monotonic() - since > SLOW_SECONDS:
        waited = time.monotonic() - since
        return f"The daemon is slow: an answer is waited for since {waited:.0f} s."
    house = board.house
    if house is None:
        return ""
    if house.status.on_demand:
        return "No calls are taken: the daemon is there on demand only. Start: voicectl serve"
    for line in house.lines:
        if line.trouble:
            return f"The line '{line.name}' takes no calls: {line.trouble}"
    return ""
