"""Words that are invented where nobody speaks, and what it costs not to invent them.

The price is in words of quiet or noisy speech that are not heard, or flagged,
because of the guards that keep invented words out.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import built
import sounds
from corpus import Clip, prompts, some
from faster_whisper.audio import decode_audio
from house import House, house
from peers import Plain
from report import Section, arguments, at_most, models
from scoring import score, words

UNGUARDED = (
    "--no-vad",
    "--no_speech_threshold", "None",
    "--logprob_threshold", "None",
    "--compression_ratio_threshold", "None",
)  # fmt: skip
SHARE_LOST, WORDS_A_MINUTE = 3.0, 0.2
"""Targets: percent points of recall; unflagged invented words."""
SECONDS = 150.0
"""Of each kind of sound that is made."""
NOISE_SECONDS = 120.0
PROMPTS = 100
RATE = 8000
Row = tuple[str, ...]


@dataclass(frozen=True)
class Heard:
    """What somebody wrote of one recording, in order."""

    parts: tuple[tuple[str, bool], ...]
    """Text, and whether it is flagged."""

    @property
    def believed(self) -> str:
        """What is not flagged."""
        return " ".join(text for text, flagged in self.parts if not flagged)

    @property
    def flagged(self) -> str:
        """What is."""
        return " ".join(text for text, flagged in self.parts if flagged)

    @property
    def everything(self) -> str:
        """All of it."""
        return " ".join(text for text, _ in self.parts)


class Trial:
    """Those that are compared, with one set of weights."""

    def __init__(self, home: House, model: str) -> None:
        self.model = model
        self._home = home
        self._plain = Plain(models() / model)

    def all(self, recordings: Sequence[Path]) -> dict[Path, tuple[Heard, ...]]:
        """Return what voicectl hears, what without its guards, and what faster-whisper."""
        guarded, unguarded = self._ours(recordings), self._ours(recordings, *UNGUARDED)
        return {
            path: (
                _heard(guarded[path.stem]),
                _heard(unguarded[path.stem]),
                Heard(((self._plain.hear(str(path), language="en")[0], False),)),
            )
            for path in recordings
        }

    def _ours(self, recordings: Sequence[Path], *flags: str) -> dict[str, dict[str, Any]]:
        mine = ("--model", self.model, "--language", "en")
        return self._home.transcribe(recordings, *mine, *flags)[1]


def _heard(record: dict[str, Any]) -> Heard:
    return Heard(tuple((part["text"], bool(part["suspect"])) for part in record["segments"]))


class Tally:
    """Words that were invented in some recordings."""

    def __init__(self, minutes: float, columns: Sequence[Sequence[Heard]]) -> None:
        """Take what each contestant heard."""
        self.minutes = minutes
        self.counts = [
            count
            for heard in columns
            for count in (
                sum(words(each.believed) for each in heard),
                sum(words(each.flagged) for each in heard),
            )
        ]

    def row(self, what: str) -> Row:
        """Return words a minute; faster-whisper flags nothing, so its last count is left out."""
        return what, f"{self.minutes:.1f}", *(f"{n / self.minutes:.2f}" for n in self.counts[:-1])


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--model", choices=("tiny.en", "base"), default="tiny.en")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, house(models()) as home:
        trial, folder = Trial(home, given.model), Path(name)
        invented = list(on_nothing(trial, folder, quick=given.quick))
        price = list(on_speech(trial, folder, quick=given.quick))
    section = Section(f"nonspeech-{given.model}", f"Where nobody speaks: {given.model}")
    section.say(
        "Invented words a minute, with voicectl's defaults, without its guards "
        f"(`{' '.join(UNGUARDED)}`), and by faster-whisper with its own defaults. Target over all: "
        f"at most {WORDS_A_MINUTE} unflagged. No recording of laughter with a licence to use it "
        "was found; what comes nearest are monkeys."
    )
    section.table(
        ("", "minutes", "voicectl", "flagged", "unguarded", "flagged", "faster-whisper"), invented
    )
    section.say(
        "The price: percent of the words of prompts that are heard, all of them and those that are "
        "not flagged, when the prompts are so much softer, or noise is behind them. The guards "
        "lose what is heard without them and not, or only flagged, with them."
    )
    section.table(
        ("", "words", "voicectl", "unflagged", "unguarded", "faster-whisper", "lost, points"), price
    )
    section.publish(write=given.write)


def on_nothing(trial: Trial, folder: Path, *, quick: bool) -> Iterator[Row]:
    """Yield the rows of what is no speech, of all that is made, recorded, and of both."""
    material = {
        "synthetic": sounds.made(folder, 10.0 if quick else SECONDS),
        "real": sounds.recorded(),
    }
    if quick:
        material["real"].pop("hold music")
    everything: list[tuple[Path, tuple[Heard, ...]]] = []
    for origin, kinds in material.items():
        heard = trial.all([path for paths in kinds.values() for path in paths])
        for name, paths in kinds.items():
            yield _tally([(path, heard[path]) for path in paths]).row(name)
        everything += heard.items()
        yield _tally(list(heard.items())).row(f"**all {origin}**")
    total = _tally(everything)
    rate = total.counts[0] / total.minutes
    yield total.row(f"**all**, {at_most(rate, WORDS_A_MINUTE, 'a minute')}")


def _tally(heard: Sequence[tuple[Path, tuple[Heard, ...]]]) -> Tally:
    minutes = sum(len(decode_audio(str(path), RATE)) for path, _ in heard) / RATE / 60
    return Tally(minutes, list(zip(*(texts for _, texts in heard), strict=True)))


def on_speech(trial: Trial, folder: Path, *, quick: bool) -> Iterator[Row]:
    """Yield a row for each way to make speech hard to hear."""
    clips = some(prompts(), 10 if quick else PROMPTS)
    pink, babble = built.pink(NOISE_SECONDS), built.babble(NOISE_SECONDS)
    conditions = {
        "as recorded": clips,
        "20 dB softer": built.quieter(clips, folder / "20", 20),
        "30 dB softer": built.quieter(clips, folder / "30", 30),
        "pink noise, 5 dB": built.noisy(clips, folder / "pink", pink, 5),
        "babble of 6 voices, 5 dB": built.noisy(clips, folder / "babble", babble, 5),
    }
    for name, changed in conditions.items():
        yield _price(trial, name, changed)


def _price(trial: Trial, name: str, clips: Sequence[Clip]) -> Row:
    heard = trial.all([clip.path for clip in clips])
    guarded, unguarded, plain = zip(*(heard[clip.path] for clip in clips), strict=True)
    said = [clip.text for clip in clips]
    whole = score(zip(said, (each.everything for each in guarded), strict=True))
    believed = score(zip(said, (each.believed for each in guarded), strict=True))
    others = [
        score(zip(said, (each.everything for each in column), strict=True))
        for column in (unguarded, plain)
    ]
    lost = others[0].recall - believed.recall
    figures = (f"{each.recall:.1f}" for each in (whole, believed, *others))
    return name, str(whole.total), *figures, f"{lost:+.1f}, {at_most(lost, SHARE_LOST, 'points')}"


if __name__ == "__main__":
    main()
