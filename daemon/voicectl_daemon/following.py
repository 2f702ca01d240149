"""What the daemon knows of a call that is followed."""

from __future__ import annotations

from voicectl_daemon.ears import line as ears


class Followed:
    """What new ears have to know of a call."""

    def __init__(self, legs: tuple[str, ...], *, live: bool) -> None:
        self.legs, self.live = legs, live
        self.over = self.given_up = False
        self.path, self.rate, self.frames = "", 0, 0
        self.readable: tuple[int, ...] = (0,) * len(legs)
        self.since = [0.0] * len(legs)
        self.turns = [0] * len(legs)

    @property
    def heard_live(self) -> bool:
        """True when the ears have something to do with it."""
        return self.live and not self.given_up and bool(self.rate)

    @property
    def seconds(self) -> float:
        """Of sound that was taken in."""
        return self.frames / max(self.rate, 1)

    def order(self, call: str) -> ears.Follow:
        """Return what has ears follow it from where others were."""
        return ears.Follow(
            call, self.path, self.rate, self.legs, tuple(self.since), tuple(self.turns)
        )
