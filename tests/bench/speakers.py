"""Who speaks when: diarization error rates of every diarizer that is installed.

Strict, without a collar and with overlaps, and with 0.25 s left out on each side
of every edge of the reference. Scored by pyannote.metrics.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus import shared
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate
from report import Section, arguments, models

from voicectl import registry
from voicectl.errors import VoicectlError
from voicectl.interfaces import Clip, DiarizeOptions, Diarizer, Wish
from voicectl_models import decode, pool

COLLAR = 0.25
"""Seconds on each side of an edge."""
HEAD = ("", "strict", "missed", "false alarm", "confused", "collar 0.25 s", "right number",
        "CPU s per minute")  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A recording and who speaks when in it."""

    name: str
    clips: tuple[Clip, ...]
    reference: Annotation

    @property
    def speakers(self) -> int:
        """How many there are."""
        return len(self.reference.labels())

    @property
    def seconds(self) -> float:
        """Length."""
        return sum(clip.seconds for clip in self.clips)


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--of", metavar="NAME", help="only this diarizer")
    given = parser.parse_args()
    section = Section("speakers", "Who speaks when", also=("pyannote.metrics", "onnxruntime"))
    section.say(
        "Diarization error rates in percent of the speech in the reference. `turns` are five half "
        "minutes of real meetings with overlap, mostly one speaker each; `calls` are the three "
        "mono calls, whose caller is *several readers under one label*: whoever hears that "
        "counts as confused, so that no diarizer of voices can come near 0 there. By default "
        "there are one or two speakers; `known` is told their number; `one speaker` says that "
        "all speech is by one."
    )
    few = 1 if given.quick else None
    material = {
        "turns": [*_recordings(shared() / "turns", ".flac")][:few],
        "calls": [*_recordings(shared() / "calls", "_mono.wav")][:few],
    }
    diarizers = list(_installed(given.of))
    for name, recordings in material.items():
        rows = [row for diarizer in diarizers for row in _rows(diarizer, recordings)]
        section.table((name, *HEAD[1:]), rows)
    section.publish(write=given.write)


def _recordings(folder: Path, ending: str) -> Iterator[Told]:
    for rttm in sorted(folder.glob("*.rttm")):
        path = rttm.with_name(rttm.stem + ending)
        blocks = decode.blocks(str(path), path.name)
        clips = tuple(Clip(block.samples.mean(axis=0), block.offset) for block in blocks)
        yield Told(rttm.stem, clips, _reference(rttm))


def _reference(rttm: Path) -> Annotation:
    found = Annotation(uri=rttm.stem)
    for track, line in enumerate(rttm.read_text().splitlines()):
        fields = line.split()
        if fields:
            start, length = float(fields[3]), float(fields[4])
            found[Segment(start, start + length), track] = fields[7]
    return found


def _installed(only: str | None) -> Iterator[Diarizer]:
    for name in [only] if only else registry.names(registry.DIARIZERS):
        try:
            registry.find(registry.DIARIZERS, name)
            found = pool.candidates(Wish("diarize", "auto", backend=name), models())[0]
        except VoicectlError as error:
            print(f"{name} is left out: {error.text}")
            continue
        backend = registry.load(registry.DIARIZERS, name)
        yield backend(str(found.folder), found.name, DiarizeOptions())


def _rows(diarizer: Diarizer, recordings: Sequence[Told]) -> Iterator[tuple[str, ...]]:
    name = diarizer.info.name
    yield _row(f"{name}: 1 or 2", diarizer, recordings, DiarizeOptions())
    yield _row(f"{name}: known", diarizer, recordings, None)
    yield _row(f"{name}: 1 to 8", diarizer, recordings, DiarizeOptions(max_speakers=8))
    yield _row(f"{name}: one speaker", diarizer, recordings, DiarizeOptions(num_speakers=1))


def _row(
    what: str, diarizer: Diarizer, recordings: Sequence[Told], options: DiarizeOptions | None
) -> tuple[str, ...]:
    strict = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    loose = DiarizationErrorRate(collar=2 * COLLAR, skip_overlap=False)
    right, began = 0, time.process_time()
    found = []
    for told in recordings:
        asked = options or DiarizeOptions(num_speakers=told.speakers)
        found.append(diarizer.diarize(told.clips, asked, lambda seconds: None))
    cost = 60 * (time.process_time() - began) / sum(told.seconds for told in recordings)
    for told, turns in zip(recordings, found, strict=True):
        heard = Annotation(uri=told.name)
        for track, turn in enumerate(turns):
            heard[Segment(turn.start, turn.end), track] = str(turn.speaker)
        whole_recording = Timeline([Segment(0, told.seconds)])
        strict(told.reference, heard, uem=whole_recording)
        loose(told.reference, heard, uem=whole_recording)
        right += len(heard.labels()) == told.speakers
    whole = strict[:]["total"]
    parts = [strict[:][part] / whole for part in ("missed detection", "false alarm", "confusion")]
    rates = [abs(strict), *parts, abs(loose)]
    return (
        what,
        *(f"{100 * rate:.1f}" for rate in rates),
        f"{right} of {len(recordings)}",
        f"{cost:.2f}",
    )


if __name__ == "__main__":
    main()
