"""Languages: errors where the language is given and where it is found out, and switches in a call.

The read sentences of the shared folder, by voicectl from the command line and by
plain faster-whisper with its own defaults (beam 5) in the same run. Then calls
built from them in which the legs differ in language, or a leg changes it.
"""

from __future__ import annotations

import random
import tempfile
import wave
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from corpus import Clip, languages, some
from faster_whisper.audio import decode_audio
from house import House, house
from numpy.typing import NDArray
from peers import Plain
from report import Section, arguments, models
from scoring import BY_CHARACTER, score

RATE = 16_000
MOST = 10
"""Clips of a language."""
PAUSE = 2.0
"""Seconds between turns."""
LEGS = (("en", "sw"), ("es", "en"), ("fr", "pt"))
"""Languages of the left and of the right leg."""
SWITCHES = (("sw", "en"), ("es", "en"), ("fr", "de"))
"""A leg that goes from the first language to the second and back."""


@dataclass(frozen=True)
class Turn:
    """Who speaks what, when."""

    channel: int
    start: float
    end: float
    language: str


@dataclass(frozen=True)
class Mixed:
    """A call in several languages."""

    name: str
    path: Path
    turns: tuple[Turn, ...]

    @property
    def allowed(self) -> str:
        """What `--languages` is told."""
        return ",".join(sorted({turn.language for turn in self.turns}))


def main() -> None:
    given = arguments(__doc__).parse_args()
    clips = {name: some(found, 1 if given.quick else MOST) for name, found in languages().items()}
    section = Section("languages", "Languages", also=("jiwer", "whisper-normalizer"))
    section.say(
        "The model is `base`. Errors in percent of words, of characters for Swahili, after "
        "whisper's normaliser; faster-whisper has its own defaults (beam 5, no VAD)."
    )
    with house(models()) as home, tempfile.TemporaryDirectory() as folder:
        plain = Plain(models() / "base")
        section.table(
            ("", "clips", "voicectl, given", "found out", "right language",
             "faster-whisper, given", "found out", "right language"),
            list(sentences(home, plain, clips)),
        )  # fmt: skip
        calls = built(clips, Path(folder), 1 if given.quick else None)
        section.say(
            "Calls built from the same sentences, 2 s between turns: each leg in a language of "
            "its own, or one leg that goes to another language and back. The share of speech "
            "time that is given the right language, in percent; faster-whisper has one language "
            "for a recording, here for each leg."
        )
        section.table(("", "seconds", "voicectl", "with --languages", "faster-whisper"),
                      list(switched(home, plain, calls)))  # fmt: skip
    section.publish(write=given.write)


def sentences(
    home: House, plain: Plain, clips: dict[str, list[Clip]]
) -> Iterable[tuple[object, ...]]:
    """Yield a row for each language."""
    every = [clip.path for several in clips.values() for clip in several]
    _, found = home.transcribe(every, "--model", "base")
    for language, several in clips.items():
        flags = ("--model", "base", "--language", language)
        _, told = home.transcribe([clip.path for clip in several], *flags)
        theirs = [plain.hear(str(clip.path), beam_size=5) for clip in several]
        known = [plain.hear(str(clip.path), beam_size=5, language=language)[0] for clip in several]
        yield (
            language + (" (characters)" if language in BY_CHARACTER else ""),
            len(several),
            _error(several, [told[clip.path.stem]["text"] for clip in several]),
            _error(several, [found[clip.path.stem]["text"] for clip in several]),
            sum(found[clip.path.stem]["language"] == language for clip in several),
            _error(several, known),
            _error(several, [text for text, _ in theirs]),
            sum(heard == language for _, heard in theirs),
        )


def _error(clips: Sequence[Clip], heard: Sequence[str]) -> str:
    pairs = zip([clip.text for clip in clips], heard, strict=True)
    return f"{score(pairs, clips[0].language).error:.2f}"


def switched(home: House, plain: Plain, calls: Sequence[Mixed]) -> Iterable[tuple[object, ...]]:
    """Yield a row for each call, and one for all."""
    rights, total = np.zeros(3), 0.0
    for call in calls:
        spoken = sum(turn.end - turn.start for turn in call.turns)
        _, free = home.transcribe([call.path], "--model", "base")
        _, told = home.transcribe([call.path], "--model", "base", "--languages", call.allowed)
        theirs = _by_leg(plain, call)
        shares = [share(call, each[call.path.stem]["segments"]) for each in (free, told)]
        shares.append(sum(t.end - t.start for t in call.turns if t.language == theirs[t.channel])
                      / spoken)  # fmt: skip
        rights, total = rights + np.array(shares) * spoken, total + spoken
        yield (call.name, f"{spoken:.0f}", *(f"{100 * each:.1f}" for each in shares))
    yield ("all", f"{total:.0f}", *(f"{100 * each / total:.1f}" for each in rights))


def _by_leg(plain: Plain, call: Mixed) -> dict[int, str]:
    whole = decode_audio(str(call.path), split_stereo=True)
    legs = whole if len({turn.channel for turn in call.turns}) > 1 else whole[:1]
    return {channel: plain.hear(leg, beam_size=5)[1] for channel, leg in enumerate(legs)}


def share(call: Mixed, segments: Sequence[dict[str, Any]]) -> float:
    """Return how much of what was heard in the turns of a call is in their language."""
    right = heard = 0.0
    for segment in segments:
        for turn in call.turns:
            if turn.channel == (segment["channel"] or 0):
                both = min(turn.end, segment["end"]) - max(turn.start, segment["start"])
                heard += max(both, 0.0)
                right += max(both, 0.0) * (segment["language"] == turn.language)
    return right / heard if heard else 0.0


def built(clips: dict[str, list[Clip]], folder: Path, most: int | None) -> list[Mixed]:
    """Return the calls: the same ones every time."""
    chance = random.Random(2026)
    plans = [(f"{left} left, {right} right", [(0, left), (1, right)] * 3)
             for left, right in LEGS[:most]]  # fmt: skip
    plans += [
        (f"{main}, then {other}, then {main}", [(0, main)] * 3 + [(0, other)] * 2 + [(0, main)] * 2)
        for main, other in SWITCHES[:most]
    ]
    calls = []
    for number, (name, plan) in enumerate(plans):
        picked = [(channel, chance.choice(clips[language])) for channel, language in plan]
        calls.append(_written(name, picked, folder / f"mixed-{number}.wav"))
    return calls


def _written(name: str, picked: Sequence[tuple[int, Clip]], path: Path) -> Mixed:
    at, turns, parts = 0.0, [], []
    for channel, clip in picked:
        samples = decode_audio(str(clip.path))
        seconds = len(samples) / RATE
        turns.append(Turn(channel, at, at + seconds, clip.language))
        parts.append((channel, round(at * RATE), samples))
        at += seconds + PAUSE
    legs: NDArray[np.float32] = np.zeros((1 + max(c for c, _ in picked), int(at * RATE) + 1), "f4")
    for channel, start, samples in parts:
        legs[channel, start : start + len(samples)] += samples
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(legs))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((legs.T * 32000).clip(-32768, 32767).astype("<i2").tobytes())
    return Mixed(name, path, tuple(turns))


if __name__ == "__main__":
    main()
