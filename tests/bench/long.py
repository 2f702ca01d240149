"""Ten hours in one recording, and a thousand recordings: memory, cancelling, going on.

The long recording is mostly silence with a call of two parties now and then, so
that every part of it is decoded, levelled and searched for speech, but not all
of the time is spent in the recogniser. Memory is read every half second, of
the daemon and all its workers.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import built
import psutil
from corpus import ROOT, Clip, prompts
from house import House, Memory, house
from report import Section, arguments, at_most, models

from voicectl.client import Door
from voicectl.events import Event, EventKind
from voicectl.types import Ask, Job, Source

CALL = ROOT / "tests/data/call_en_0_2ch_mulaw.wav"
"""A minute of two channels, mu-law."""
SILENCE = b"\xff"
RATE = 16_000
"""Bytes a second."""
EVERY_MINUTES = 30
MB = 1_000_000
MOMENTS = (0.2, 1.0, 3.0, 8.0, 15.0, 30.0, 45.0, 60.0)
"""Seconds of work after which it is cancelled: digest, legs, speech, recogniser."""
OPTIONS = {"transcribe": {"model": "tiny.en", "language": "en"}}
Row = tuple[str, ...]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--of", choices=("long", "files"), help="only one of the two parts")
    given = parser.parse_args()
    hours, clips, moments = (0.5, 100, MOMENTS[:3]) if given.quick else (10, 1000, MOMENTS)
    with tempfile.TemporaryDirectory() as name:
        if given.of != "files":
            ten_hours(Path(name), hours, moments).publish(write=given.write)
        if given.of != "long":
            files(Path(name), clips).publish(write=given.write)


def ten_hours(folder: Path, hours: float, moments: Sequence[float]) -> Section:
    """Measure one long recording."""
    section = Section("long", "Ten hours in one recording")
    with house(models()) as home:
        long = recording(folder / "long.wav", hours)
        rows = [*at_length(home, long, hours), *cancelled(home, long, moments)]
    section.say(
        f"A recording of {hours:g} hours, two channels, {EVERY_MINUTES} minutes from one call of "
        "a minute to the next, tiny.en. In the middle of the work the worker is killed (-9), and "
        "later the daemon; at most one piece, 300 s of audio, is done again. It is cancelled after "
        f"{', '.join(f'{moment:g}' for moment in moments)} s of work, from the request until the "
        "worker has let go. Memory is that of the daemon and its workers together."
    )
    section.table(("", "figure", "target"), rows)
    return section


def files(folder: Path, clips: int) -> Section:
    """Measure many short recordings."""
    section = Section("files", "A thousand recordings")
    with house(models()) as home:
        flat = [*thousand(home, folder, clips)]
    section.say(
        f"{clips} short recordings (telephone prompts, some of them softened), in jobs, tiny.en. "
        "Memory is that of the daemon and its workers together."
    )
    section.table(("memory, MB", "RSS", "PSS", "of the first"), flat)
    return section


def recording(path: Path, hours: float) -> Path:
    """Write the long recording."""
    whole = CALL.read_bytes()
    begin = whole.index(b"data") + 8
    size = int(hours * 3600) * RATE
    stretch = whole[begin:]
    stretch += SILENCE * (EVERY_MINUTES * 60 * RATE - len(stretch))
    head = bytearray(whole[:begin])
    head[4:8], head[-4:] = (size + begin - 8).to_bytes(4, "little"), size.to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        while size:
            size -= file.write(stretch[:size])
    return path


class Watched:
    """The most that was held while something was done."""

    def __init__(self) -> None:
        self.rss = self.pss = 0

    def look(self, found: Memory) -> None:
        """Take a reading."""
        self.rss, self.pss = max(self.rss, found.rss), max(self.pss, found.pss)


@contextmanager
def watched(home: House) -> Iterator[Watched]:
    """Read the memory every half second."""
    done, most = threading.Event(), Watched()

    def watch() -> None:
        while not done.wait(0.5):
            with suppress(psutil.Error):
                most.look(home.memory())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield most
    finally:
        done.set()
        thread.join()


def ask(door: Door, *paths: Path, force: bool = True) -> Job:
    sources = tuple(Source(str(path), path.name) for path in paths)
    return door.submit(Ask(sources, options=OPTIONS, force=force))


def at_length(home: House, long: Path, hours: float) -> Iterator[Row]:
    """Work through the long recording, which is broken off twice."""
    with watched(home) as most:
        began = time.monotonic()
        with home.open() as door:
            job = ask(door, long)
            until(door, job, hours * 3600 * 0.4)
            killed(home, door, job, "worker")
            until(door, job, hours * 3600 * 0.7)
        killed(home, door, job, "daemon")
        with home.open() as door:
            ends = [event for event in door.events(job.id) if event.kind is EventKind.TASK_DONE]
            assert ends
            took = time.monotonic() - began
            began = time.monotonic()
            assert ends[0].call
            door.call(ends[0].call)
            shown = time.monotonic() - began
    yield "the whole, broken off twice", f"{took:.0f} s", ""
    yield "most memory, PSS", f"{most.pss / MB:.0f} MB", at_most(most.pss / MB, 1500, "MB")
    yield "most memory, RSS", f"{most.rss / MB:.0f} MB", at_most(most.rss / MB, 1500, "MB")
    yield "the call fetched from the store", f"{shown:.2f} s", ""


def until(door: Door, job: Job, seconds: float) -> float:
    """Wait until so much is worked through; return how much it is."""
    for event in door.events(job.id):
        done = progress(event)
        if done >= seconds:
            return done
    raise SystemExit("the job ended too early")


def progress(event: Event) -> float:
    detail = event.detail or {}
    return float(detail["seconds"]) if event.kind is EventKind.TASK_PROGRESS else 0.0


def killed(home: House, door: Door, job: Job, victim: str) -> float:
    """Kill somebody at once; return from where the work goes on."""
    status = door.status()
    pid = status.pid if victim == "daemon" else status.workers[0].pid
    process = psutil.Process(pid)
    process.kill()
    process.wait(30)
    with home.open() as again:
        for event in again.events(job.id):
            if event.kind is EventKind.TASK_STARTED and event.detail and event.detail["done"]:
                return float(event.detail["done"])
    raise SystemExit("the work does not go on")


def cancelled(home: House, long: Path, moments: Sequence[float]) -> Iterator[Row]:
    """Cancel the work after so many seconds."""
    took = []
    with home.open() as door:
        for moment in moments:
            job = ask(door, long)
            events = door.events(job.id)
            next(event for event in events if event.kind is EventKind.TASK_STARTED)
            until = time.monotonic() + moment
            # Whoever does not listen is let go.
            next(event for event in events if time.monotonic() >= until)
            began = time.monotonic()
            door.cancel(job.id)
            next(event for event in events if event.kind is EventKind.TASK_CANCELLED)
            took.append(time.monotonic() - began)
    yield "cancelled, median", f"{statistics.median(took):.1f} s", ""
    yield "cancelled, slowest", f"{max(took):.1f} s", at_most(max(took), 5, "s")


def thousand(home: House, folder: Path, count: int) -> Iterator[Row]:
    """Work through short recordings; look at the memory after a tenth, a half and all."""
    paths = [clip.path for clip in enough(prompts(digits=True), folder, count)]
    first: Memory | None = None
    with home.open() as door:
        done = 0
        for share in (0.1, 0.5, 1.0):
            job = ask(door, *paths[done : int(share * count)], force=False)
            done = int(share * count)
            for _ in door.events(job.id):
                pass
            found = home.memory()
            first = first or found
            growth = f"{100 * found.pss / first.pss:.0f} %"
            yield f"after {done}", f"{found.rss / MB:.0f}", f"{found.pss / MB:.0f}", growth


def enough(clips: list[Clip], folder: Path, count: int) -> list[Clip]:
    """Return so many clips; those that come again are softer, so that they are not the same."""
    found, softer = list(clips), 1.0
    while len(found) < count:
        found += built.quieter(clips, folder / f"softer-{softer:g}", softer)
        softer += 1.0
    return found[:count]


if __name__ == "__main__":
    main()
