"""Throughput beside whisper-ctranslate2 and faster-whisper, on the same weights.

The peer may choose: every setting of `peers.SWEEP` is tried once on a part of
the material, and the fastest whose word error rate is at most 0.3 above the
best is the one that is compared. Then all take turns.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import built
from corpus import Clip, prompts, some
from cost import Cost, in_turn, middle, of_this_process, ratios
from house import House, house
from peers import CORES, PEER, PEER_VERSION, SWEEP, Plain, Setting, by_peer
from report import Section, arguments, at_least, at_most, models
from scoring import score

MODEL = "tiny.en"
FLAGS = ("--model", MODEL, "--language", "en")
SLACK = 0.3
"""Points of word error rate."""
WARM, COLD, FAST, CAREFUL = (
    "voicectl, warm", "voicectl, cold", "faster-whisper, beam 1", "faster-whisper, beam 5"
)  # fmt: skip


@dataclass(frozen=True)
class Material:
    """What everybody has to transcribe."""

    name: str
    files: tuple[Path, ...]
    """For voicectl."""
    mono: tuple[Path, ...]
    """For those who take no two-channel calls: each leg by itself."""
    said: dict[str, str]
    """By the stem of each file in `mono`."""
    seconds: float
    """Of the recordings in `files`."""
    factor: float
    """How many times the peer's throughput is asked for."""
    part: tuple[Path, ...]
    """Those of `mono` on which the peer's settings are tried."""
    part_seconds: float
    """Of the recordings in `part`."""

    def error(self, heard: dict[str, str], among: Sequence[Path] | None = None) -> float:
        """Return the word error rate over all files, or over some."""
        stems = [path.stem for path in (self.mono if among is None else among)]
        return score((self.said[stem], heard.get(stem, "")) for stem in stems).error


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=3, help="rounds (3)")
    parser.add_argument("--of", choices=("clips", "calls"), default="clips", help="the material")
    parser.add_argument(
        "--digits", action="store_true", help="with the prompts that are one number"
    )
    given = parser.parse_args()
    rounds = 1 if given.quick else given.runs
    clips = prompts(digits=given.digits)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.of == "clips":
            material = short_clips(folder, some(clips, 30) if given.quick else clips)
        else:
            material = long_calls(folder, clips, (1,) if given.quick else (5, 15, 30))
        measure(material, folder, rounds).publish(write=given.write)


def short_clips(folder: Path, clips: Sequence[Clip]) -> Material:
    """Return clips in one folder."""
    paths = []
    for clip in clips:
        paths.append(folder / f"{clip.name}.wav")
        paths[-1].symlink_to(clip.path)
    return Material(
        name="clips",
        files=tuple(paths),
        mono=tuple(paths),
        said={clip.name: clip.text for clip in clips},
        seconds=sum(clip.seconds for clip in clips),
        factor=4.0,
        part=tuple(paths[::3]),
        part_seconds=sum(clip.seconds for clip in clips[::3]),
    )


def long_calls(folder: Path, clips: Sequence[Clip], lengths: Sequence[float]) -> Material:
    """Return two-channel calls, and their legs in files of their own."""
    calls = [built.call(folder, clips, minutes) for minutes in lengths]
    legs = [leg for call in calls for leg in built.legs(call.path)]
    said = [text for call in calls for text in call.legs]
    return Material(
        name="calls",
        files=tuple(call.path for call in calls),
        mono=tuple(legs),
        said={leg.stem: text for leg, text in zip(legs, said, strict=True)},
        seconds=sum(call.seconds for call in calls),
        factor=1.5,
        part=tuple(legs[:2]),
        part_seconds=2 * calls[0].seconds,
    )


class Race:
    """All contestants on one material; what each heard last is kept."""

    def __init__(self, material: Material, home: House, folder: Path) -> None:
        self._material = material
        self._home = home
        self._folder = folder
        self._plain = Plain(models() / MODEL)
        self.heard: dict[str, dict[str, str]] = {}

    def contestants(self, setting: Setting) -> dict[str, Callable[[], Cost]]:
        """Return who takes part."""
        return {
            WARM: lambda: self._ours(WARM),
            PEER: lambda: self.peer(setting, PEER),
            COLD: self._cold,
            FAST: lambda: self._faster_whisper(FAST, beam_size=1, vad_filter=True),
            CAREFUL: lambda: self._faster_whisper(CAREFUL, beam_size=5),
        }

    def warm_up(self) -> None:
        """Start the daemon and let it load the model."""
        self._home.transcribe(self._material.files[:1], *FLAGS)

    def peer(self, setting: Setting, name: str) -> Cost:
        """Let the peer work."""
        cost, self.heard[name] = self._by_peer(self._material.mono, setting)
        return cost

    def trial(self, setting: Setting) -> tuple[Cost, float]:
        """Return what a setting of the peer costs on a part, and its word error rate."""
        cost, heard = self._by_peer(self._material.part, setting)
        return cost, self._material.error(heard, self._material.part)

    def _by_peer(self, recordings: Sequence[Path], setting: Setting) -> tuple[Cost, dict[str, str]]:
        return by_peer(recordings, models() / MODEL, setting, self._folder / "peer")

    def _cold(self) -> Cost:
        self._home.leave()
        return self._ours(COLD)

    def _ours(self, name: str) -> Cost:
        cost, found = self._home.transcribe(self._material.files, *FLAGS)
        self.heard[name] = {stem: text for call in found.items() for stem, text in _legs(*call)}
        return cost

    def _faster_whisper(self, name: str, **options: Any) -> Cost:
        with of_this_process() as cost:
            self.heard[name] = {
                path.stem: self._plain.hear(str(path), language="en", **options)[0]
                for path in self._material.mono
            }
        return cost()


def _legs(stem: str, record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the text of a recording by the stem that each of its legs has as a file."""
    if record["audio"]["channels"] == 1:
        return [(stem, record["text"])]
    parts = record["segments"]
    return [
        (f"{stem}-{side}", " ".join(part["text"] for part in parts if part["channel"] == channel))
        for channel, side in enumerate(("left", "right"))
    ]


def measure(material: Material, folder: Path, rounds: int) -> Section:
    """Run the sweep, then everybody in turn."""
    with house(models()) as home:
        race = Race(material, home, folder)
        sweep = {setting: race.trial(setting) for setting in SWEEP}
        best = min(error for _, error in sweep.values())
        able = [each for each, (_, error) in sweep.items() if error <= best + SLACK]
        chosen = min(able, key=lambda each: sweep[each][0].wall)
        race.warm_up()
        costs = in_turn(race.contestants(chosen), rounds)
    found = {name: material.error(heard) for name, heard in race.heard.items()}
    section = Section(f"throughput-{material.name}", f"Throughput: {_title(material)}")
    section.say(_how(chosen, rounds))
    section.table(
        ("", "seconds", "CPU s", "x real time", "WER", f"x {PEER}: wall", "CPU", "target"),
        [_row(name, costs, found, material) for name in costs],
    )
    section.table(
        (f"{PEER}, once on {material.part_seconds / 60:.0f} min", "seconds", "CPU s",
         "x real time", "WER", "compared"),
        [
            (*_figures(each.name, *sweep[each], material.part_seconds),
             "yes" if each is chosen else "")
            for each in SWEEP
        ],
    )  # fmt: skip
    return section


def _title(material: Material) -> str:
    minutes = f"{material.seconds / 60:.0f} min"
    if material.name == "clips":
        return f"{len(material.files)} short telephone clips, {minutes}"
    return f"{len(material.files)} long two-channel calls, {minutes}"


def _how(chosen: Setting, rounds: int) -> str:
    return (
        f"{MODEL}, int8, {CORES} threads, language given, all files in one command. Medians of "
        f"{rounds} rounds in which each works once; ratios are medians over the rounds: how many "
        f"times the throughput of {PEER} {PEER_VERSION} ({chosen.name}: the fastest of its "
        f"settings with a WER at most {SLACK} above its best). Warm is with a daemon that has the "
        f"model loaded, cold starts it; {PEER} loads the model in every command, faster-whisper "
        "has it loaded. Those that take no two-channel calls get each leg as a file of its own; "
        "making these is not counted. voicectl also finds the times of words, the others do not."
    )


def _row(
    name: str, costs: dict[str, list[Cost]], errors: dict[str, float], material: Material
) -> tuple[str, ...]:
    ratio = ratios(costs[PEER], costs[name])
    target = ""
    if name == WARM:
        worse = errors[name] - errors[PEER]
        faster = at_least(ratio.wall, material.factor, "x")
        target = f"{faster}; WER {worse:+.2f}, {at_most(worse, SLACK, 'points')}"
    figures = _figures(name, middle(costs[name]), errors[name], material.seconds)
    return (*figures, f"{ratio.wall:.2f}", f"{ratio.cpu:.2f}", target)


def _figures(name: str, cost: Cost, error: float, seconds: float) -> tuple[str, ...]:
    return name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{seconds / cost.wall:.1f}", f"{error:.2f}"


if __name__ == "__main__":
    main()
