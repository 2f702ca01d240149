"""Colours of the monitor, and small pieces of text that several regions draw.

Every text of elsewhere goes through `text` or `cut`: no control character of it is drawn, and no
markup in it is obeyed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.text import Text
from textual.theme import Theme

from voicectl.live import CallState, LiveCall
from voicectl.printable import clean

DIM, FAINT, WARM, RED, GREEN, BRAND = (
    "#8592a0", "#56616d", "#ffd166", "#ff6b6b", "#7ddc8c", "#7cc7ff",
)  # fmt: skip
QUIETEST = 60.0
"""Decibels below full scale at which a meter shows nothing."""
LATE, VERY_LATE = 3.0, 10.0
"""Seconds of lag from which it is coloured."""
GROOVE = "#2c3742"
"""Of the part of a meter that is not reached."""

THEME = Theme(
    name="voicectl",
    primary=BRAND,
    secondary="#5cc9c2",
    accent="#f2b65a",
    warning=WARM,
    error=RED,
    success=GREEN,
    foreground="#d7dde4",
    background="#0e1217",
    surface="#131920",
    panel="#1b232c",
    dark=True,
    variables={"footer-key-foreground": BRAND, "footer-background": "#1b232c"},
)


@dataclass(frozen=True, slots=True)
class Voice:
    """The colours of one leg."""

    name: str
    said: str
    unsure: str
    """Of what may still change."""


VOICES = (
    Voice("#f2b65a", "#f3dfbd", "#9a8a6c"),
    Voice("#5cc9c2", "#c5e9e6", "#6f8f8d"),
    Voice("#b59cf5", "#ddd3fa", "#857aa3"),
    Voice("#8fd17f", "#d5efcf", "#7b9474"),
)
MARKS = {
    CallState.RINGING: ("◌", WARM),
    CallState.CONNECTED: ("○", GREEN),
    CallState.CONVERSING: ("●", GREEN),
    CallState.ON_HOLD: ("◍", WARM),
    CallState.TRANSFERRING: ("◐", WARM),
    CallState.ENDED: ("■", FAINT),
    CallState.ERROR: ("×", RED),
}


def voice(leg: int) -> Voice:
    """Return the colours of a leg."""
    return VOICES[leg % len(VOICES)]


def text(content: str, style: str = "") -> Text:
    """Return clean text whose markup is inert."""
    return Text(clean(content), style=style)


def cut(content: str, width: int, style: str = "") -> Text:
    """Return clean text of at most so many columns."""
    shown = text(content, style)
    shown.truncate(width, overflow="ellipsis")
    return shown


def mark(call: LiveCall) -> Text:
    """Return one character that says where a call stands."""
    return Text(*MARKS[call.state])


def meter(level: float, width: int, colour: str) -> Text:
    """Return a bar for a level of 0 to 1, in decibels as ears hear it."""
    loud = 1 + 20 * math.log10(max(level, 1e-6)) / QUIETEST
    full, half = divmod(round(min(max(loud, 0.0), 1.0) * width * 2), 2)
    bar = "━" * full + "╸" * half
    return Text.assemble((bar, colour), ("─" * (width - len(bar)), GROOVE))


def meters(call: LiveCall, width: int) -> Text:
    """Return a bar for each of the first two legs."""
    bars = Text()
    for leg in range(min(max(len(call.legs), 1), 2)):
        level = call.levels[leg] if leg < len(call.levels) else 0.0
        bars.append_text(Text(" ") if leg else Text())
        bars.append_text(meter(level, width, voice(leg).name))
    return bars


def lag(seconds: float) -> Text:
    """Return how far the text is behind the sound; nothing when it keeps up."""
    if seconds < 1:
        return Text()
    style = RED if seconds >= VERY_LATE else WARM if seconds >= LATE else DIM
    return Text(f"{seconds:.0f} s", style)
