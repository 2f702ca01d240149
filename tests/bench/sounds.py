"""What is no speech: made by sox, or recorded."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from corpus import MUSIC, PACKAGES, SOUNDS, shared

FORM = ("-r", "8000", "-c", "1")
NOTHING = (*FORM, "-n")
"""For sox, an input that effects make something of."""
KEYS = {
    "1": (697, 1209), "2": (697, 1336), "3": (697, 1477),
    "4": (770, 1209), "5": (770, 1336), "6": (770, 1477),
    "7": (852, 1209), "8": (852, 1336), "9": (852, 1477),
    "*": (941, 1209), "0": (941, 1336), "#": (941, 1477),
}  # fmt: skip
"""Hertz of the two tones of each key, after ITU-T Q.23."""


class Sound(Protocol):
    """What sox is told."""

    def inputs(self) -> tuple[str, ...]: ...

    def effects(self, seconds: float) -> tuple[object, ...]: ...


@dataclass(frozen=True)
class Silence:
    """Nothing at all."""

    def inputs(self) -> tuple[str, ...]:
        return NOTHING

    def effects(self, seconds: float) -> tuple[object, ...]:
        return ("trim", 0, seconds)


@dataclass(frozen=True)
class Noise:
    """Noise without pauses."""

    kind: str
    """In sox's words."""
    level: float
    """dB, of the peak."""

    def inputs(self) -> tuple[str, ...]:
        return NOTHING

    def effects(self, seconds: float) -> tuple[object, ...]:
        return ("synth", seconds, self.kind, "norm", self.level)


@dataclass(frozen=True)
class Tone:
    """Tones that come and go."""

    hertz: tuple[int, ...]
    on: float
    off: float
    """Seconds."""
    level: float = -15.0
    """dB, of the peak."""

    def inputs(self) -> tuple[str, ...]:
        return NOTHING

    def effects(self, seconds: float) -> tuple[object, ...]:
        cadence = ("pad", 0, self.off, "norm", self.level, "repeat", "-", "trim", 0, seconds)
        return (*_together(self.hertz, self.on), *cadence)


@dataclass(frozen=True)
class Number:
    """Somebody dials a number, again and again."""

    keys: str
    pause: float = 4.0
    """Seconds."""

    def inputs(self) -> tuple[str, ...]:
        return tuple(
            " ".join(map(str, ("|sox", *NOTHING, "-p", *_together(KEYS[key], 0.1), "pad", 0, 0.08)))
            for key in self.keys
        )

    def effects(self, seconds: float) -> tuple[object, ...]:
        return ("norm", -10, "pad", 0, self.pause, "repeat", "-", "trim", 0, seconds)


def _together(hertz: tuple[int, ...], seconds: float) -> tuple[object, ...]:
    first, *others = hertz
    mixed = [word for each in others for word in ("synth", seconds, "sine", "mix", each)]
    return ("synth", seconds, "sine", first, *mixed)


# Cadences after the American and European networks, fax after ITU-T T.30.
MADE: dict[str, Sound] = {
    "digital silence": Silence(),
    "hiss, -60 dB": Noise("whitenoise", -60),
    "hiss, -40 dB": Noise("whitenoise", -40),
    "pink noise, -30 dB": Noise("pinknoise", -30),
    "brown noise, -20 dB": Noise("brownnoise", -20),
    "hum of 50 Hz": Tone((50, 150, 250), 10, 0),
    "dialling (DTMF)": Number("0722123456#"),
    "ring-back, American": Tone((440, 480), 2, 4),
    "ring-back, European": Tone((425,), 1, 4),
    "busy": Tone((480, 620), 0.5, 0.5),
    "fax, calling (CNG)": Tone((1100,), 0.5, 3),
    "fax, answering (CED)": Tone((2100,), 3.3, 2),
    "beep of an answering machine": Tone((1000,), 0.4, 8),
}


def made(folder: Path, seconds: float) -> dict[str, list[Path]]:
    """Make each kind, so long, as a telephone system would record it; return files by kind."""
    files = {}
    for name, sound in MADE.items():
        path = folder / f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}.wav"
        # Without -D there would be dither where there is nothing.
        said = ["sox", "-D", *sound.inputs(), "-e", "mu-law", path, *sound.effects(seconds)]
        subprocess.run([str(word) for word in said], check=True)
        files[name] = [path]
    return files


def recorded() -> dict[str, list[Path]]:
    """Return recordings of what is no speech, by kind."""
    if not MUSIC.exists():
        raise SystemExit(f"the hold music is not on this machine: {PACKAGES}")
    folder = shared() / "nonspeech"
    signals = ("ascending-2tone", "descending-2tone", "confbridge-join")
    beeps = [*sorted(folder.glob("beep*.wav")), *(SOUNDS / f"{name}.wav" for name in signals)]
    return {
        "hold music": sorted(MUSIC.glob("*.wav")),
        "keys (DTMF)": sorted(folder.glob("dtmf*.wav")),
        "beeps and two-tone signals": beeps,
        "silence": sorted(folder.glob("silence*.wav")),
        "monkeys": [SOUNDS / "tt-monkeys.wav"],
    }
