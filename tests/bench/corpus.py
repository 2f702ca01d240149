"""What is measured on: recordings with references, from Debian and from the shared folder."""

import csv
import gzip
import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project."""
SHARED = ROOT.parent / "shared/data"
"""Recordings with references that are not in the repository."""
SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
SENTENCES = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
MUSIC = Path("/usr/share/asterisk/moh")
PACKAGES = "apt-get install asterisk-core-sounds-en-wav asterisk-moh-opsound-wav sox"

SINGLE_WORDS = ("digits", "letters", "phonetic")
"""Folders of prompts that are one word or one letter, made to be joined to sentences."""
NO_SPEECH = ("[", "<", "(")
"""A reference that begins like this describes a sound."""


@dataclass(frozen=True)
class Clip:
    """A recording in which one person speaks, and what is said."""

    name: str
    path: Path
    text: str
    seconds: float
    language: str = "en"


@dataclass(frozen=True)
class Call:
    """A call of two parties, once as two channels and once mixed."""

    name: str
    language: str
    stereo: Path
    mono: Path
    legs: tuple[str, str]
    """What is said on the left and on the right."""
    text: str
    """What both say, in order of time."""


def prompts(*, digits: bool = False) -> list[Clip]:
    """Return Debian's telephone prompts that are plain speech; with `digits` the numbers too."""
    if not SENTENCES.exists() or not SOUNDS.exists():
        raise SystemExit(f"the telephone prompts are not on this machine: {PACKAGES}")
    left_out = set(SINGLE_WORDS) - ({"digits"} if digits else set())
    return sorted(
        (
            Clip(name.replace("/", "_"), path, text, _seconds(path))
            for name, text in _sentences()
            if name.split("/")[0] not in left_out and (path := SOUNDS / f"{name}.wav").exists()
        ),
        key=lambda clip: clip.name,
    )


def translated_prompts(language: str, voice: str) -> list[Clip]:
    """Return Debian's telephone prompts in another language, each with its English text."""
    folder = SOUNDS.parent / voice
    if not SENTENCES.exists() or not folder.exists():
        raise SystemExit(
            "the telephone prompts are not on this machine: apt-get install "
            f"asterisk-core-sounds-en asterisk-core-sounds-{language}-wav"
        )
    return [
        Clip(name.replace("/", "_"), path, text, _seconds(path), language)
        for name, text in _sentences()
        if name.split("/")[0] not in SINGLE_WORDS and (path := folder / f"{name}.wav").exists()
    ]


def some(clips: list[Clip], count: int) -> list[Clip]:
    """Return the same `count` clips every time."""
    chosen = random.Random(2026).sample(clips, min(count, len(clips)))
    return sorted(chosen, key=lambda clip: clip.name)


def _sentences() -> Iterator[tuple[str, str]]:
    """Yield `(name, text)` of what is a whole utterance: no sounds, no beginnings of sentences."""
    with gzip.open(SENTENCES, "rt", errors="replace") as lines:
        for line in lines:
            name, _, text = line.strip().partition(":")
            text = text.strip()
            if not text or name.startswith(";") or text.startswith(NO_SPEECH):
                continue
            if not text.endswith("..."):
                yield name, text


def _seconds(path: Path) -> float:
    with wave.open(str(path)) as recording:
        return float(recording.getnframes() / recording.getframerate())


def calls() -> list[Call]:
    """Return the calls of the shared folder."""
    return [_call(path) for path in sorted((shared() / "calls").glob("*.stm"))]


def _call(stm: Path) -> Call:
    turns = [line.split(maxsplit=5) for line in stm.read_text().splitlines() if line.strip()]
    turns.sort(key=lambda turn: float(turn[3]))
    left, right = (" ".join(turn[5] for turn in turns if turn[1] == side) for side in "12")
    name = stm.stem
    return Call(
        name=name,
        language=name.split("_")[1],
        stereo=stm.with_name(f"{name}_2ch_mulaw.wav"),
        mono=stm.with_name(f"{name}_mono.wav"),
        legs=(left, right),
        text=" ".join(turn[5] for turn in turns),
    )


def languages() -> dict[str, list[Clip]]:
    """Return the read sentences of the shared folder, by language."""
    found: dict[str, list[Clip]] = {}
    with (shared() / "audio.tsv").open(newline="") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            path = shared() / row["file"]
            if row["file"].startswith("languages/"):
                clip = Clip(
                    path.stem, path, row["reference"], float(row["seconds"]), row["language"]
                )
                found.setdefault(row["language"], []).append(clip)
    return dict(sorted(found.items()))


def shared() -> Path:
    """Return the shared folder."""
    if not SHARED.exists():
        raise SystemExit(f"there is no folder {SHARED}: the calls and languages are in it")
    return SHARED
