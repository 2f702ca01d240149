"""Calls in progress: what is lost, how late turns are, how many two cores bear.

Calls are played by a process of ours over AudioSocket, on the same machine and
the same cores: what it costs counts against us.
"""

from __future__ import annotations

import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import built
import sounds
from corpus import prompts
from overheard import Overhearing
from report import Section, arguments, at_most, models
from scoring import Score, score, words

from voicectl import parse
from voicectl.client import Door
from voicectl.errors import DaemonUnreachable
from voicectl.events import Event, EventKind
from voicectl.lines import Live
from voicectl.live import LiveCall, LiveTurn
from voicectl.paths import Home
from voicectl.types import CallRecord
from voicectl_daemon.media.caller import Played
from voicectl_models.endpointing import AFTER_SECONDS

AT_ONCE = (1, 2, 4, 8, 16, 24, 32, 48)
BEHIND = 3.0
"""Seconds: with calls that are as much behind, more are not tried."""
MANY = 50
RATE = "8000"
SECONDS = 75.0
"""Of each kind of sound that is made and no speech."""
CONFIG = """
models = "{models}"
[[listen]]
name = "pbx"
port = 0
mode = "{mode}"
[live]
language = "en"
post_call = "{recipe}"
"""


@dataclass
class Heard:
    """What was told of all calls."""

    began: dict[str, float] = field(default_factory=dict)
    """When a call came in, in seconds since the epoch; its sound comes with it."""
    turns: dict[str, dict[str, LiveTurn]] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    """Seconds from the end of speech to its final text."""
    lag: float = 0.0
    """The most seconds by which a call was behind."""

    def take(self, event: Event) -> None:
        """Take in one event."""
        detail, call = event.detail or {}, str(event.call)
        if event.kind is EventKind.CALL_CONNECTED:
            self.began[call] = event.at.timestamp()
        elif event.kind is EventKind.CALL_PROGRESS:
            self.lag = max(self.lag, detail.get("lag", 0.0))
        elif event.kind is EventKind.TRANSCRIPT_TURN and detail["final"]:
            turn = parse.plain(detail, LiveTurn)
            self.turns.setdefault(call, {})[turn.id] = turn
            spoken = self.began[call] + turn.end - AFTER_SECONDS
            self.late.append(event.at.timestamp() - spoken)


def main() -> None:
    given = arguments(__doc__).parse_args()
    minutes = 0.5 if given.quick else 2.0
    section = Section("live", "Calls in progress", also=("jiwer",))
    with tempfile.TemporaryDirectory(prefix="voicectl-bench-") as name:
        call = built.call(Path(name), prompts(), minutes)
        legs = built.legs(call.path)
        section.say(frames(Path(name), legs[0], call.seconds, 5 if given.quick else MANY))
        rows, held, told = [], 0, "more were not tried"
        for count in AT_ONCE[:2] if given.quick else AT_ONCE:
            heard, row = turns(Path(name), count, legs[0], call.legs[0])
            rows.append(row)
            if heard.lag >= BEHIND:
                told = f"{count} are too many"
                break
            held = count
    section.say(
        f"Turns of calls of {call.seconds:.0f} s, one leg each, spoken about half of the time: "
        "from the end of speech to its final text, which takes a pause of 0.5 s to be known. WER "
        "of what was told live, beside that of the recipe on the recording afterwards."
    )
    head = ("calls", "median", "p95", "target", "most behind", "WER live", "WER after", "target")
    section.table(head, rows)
    section.say(
        f"What still waits to be recognised of {held} such calls, which begin in the same moment, "
        f"is never {BEHIND:.0f} s old on {os.cpu_count()} cores (`lag`, as everybody is told it); "
        f"{told}. Text comes later than that by the time it takes: see the table."
    )
    with tempfile.TemporaryDirectory(prefix="voicectl-bench-") as name:
        section.say(nothing(Path(name), 5.0 if given.quick else SECONDS, quick=given.quick))
    section.publish(write=given.write)


def frames(folder: Path, recording: Path, seconds: float, count: int) -> str:
    """Play many calls that nobody listens to; return what became of their sound."""
    with serving(folder / "frames", "post-call", "") as door:
        played = play(door, recording, count)
        done(door, count)
        recorded = sum(math.ceil(_frames(call.recording) / 160) for call in door.live(ended=True))
    late = sorted(played.lateness)
    p99 = 1000 * late[int(0.99 * len(late))]
    lost = played.frames_sent - recorded
    return (
        f"{count} calls of {seconds:.0f} s at once, not listened to: "
        f"{played.frames_sent:,} frames sent, {lost} lost, {played.lost} calls broken off; frames "
        "to the caller later than 20 ms after the one before: "
        f"p50 {1000 * statistics.median(late):.1f} ms, p99 {p99:.1f} ms ({at_most(p99, 10, 'ms')})."
    )


def turns(folder: Path, count: int, recording: Path, said: str) -> tuple[Heard, Sequence[object]]:
    """Play calls that are listened to; return what was told of them, and a row of the table."""
    heard = Heard()
    with serving(folder / f"turns-{count}", "both", "transcribe") as door:
        threading.Thread(target=listen, args=(door.home, heard), daemon=True).start()
        play(door, recording, count)
        done(door, count)
        live, after = Score(), Score()
        for call in door.live(ended=True):
            told = sorted(heard.turns[call.id].values(), key=lambda turn: turn.start)
            live += score([(said, " ".join(turn.text for turn in told))])
            record = worked_on(door, call)
            after += score([(said, record.transcript.text if record.transcript else "")])
    late = sorted(heard.late)
    median, p95 = statistics.median(late), late[int(0.95 * len(late))]
    target = at_most(median, 1.5, "s") if count == 1 else ""
    worse = live.error - after.error
    return heard, (
        count, f"{median:.2f} s", f"{p95:.2f} s", target, f"{heard.lag:.1f} s",
        f"{live.error:.2f}", f"{after.error:.2f}", at_most(worse, 2, "points more"),
    )  # fmt: skip


def nothing(folder: Path, seconds: float, *, quick: bool) -> str:
    """Let calls be heard in which nobody speaks; return what was made of them."""
    kinds = sounds.made(folder, seconds) | ({} if quick else sounds.recorded())
    minutes, invented, flagged = 0.0, 0, 0
    for language in ("en", None):
        ears = Overhearing(Live(language=language), folder)
        for path in (path for paths in kinds.values() for path in paths):
            minutes += ears.seconds(path) / 60
            for turn in ears.turns(path):
                invented += 0 if turn.suspect else words(turn.text)
                flagged += words(turn.text) if turn.suspect else 0
    target = at_most(invented / minutes, 0.2, "a minute")
    return (
        f"Nobody speaks, for {minutes:.0f} minutes of {len(kinds)} kinds of sound, half of them "
        "heard as English and half in a language to be found out: "
        f"{invented} words told ({target}), {flagged} more flagged."
    )


def worked_on(door: Door, call: LiveCall) -> CallRecord:
    """Wait for what the recipe makes of the recording."""
    until(lambda: door.live_call(call.id).call.job, "it is handed in")
    job = str(door.live_call(call.id).call.job)
    until(lambda: door.job(job).state == "finished", "it is worked on")
    (task,) = door.tasks(job)
    return door.call(str(task.call))


@contextmanager
def serving(folder: Path, mode: str, recipe: str) -> Iterator[Door]:
    """Run a daemon that serves, on a free port."""
    folder.mkdir()
    (folder / "voicectl.toml").write_text(CONFIG.format(models=models(), mode=mode, recipe=recipe))
    home = Home(folder / "home")
    surroundings = {"VOICECTL_HOME": str(home.folder), "VOICECTL_CONFIG": f"{folder}/voicectl.toml"}
    command = [sys.executable, "-P", "-m", "voicectl.cli.main", "serve"]
    with subprocess.Popen(command, env=os.environ | surroundings) as process, Door(home) as door:
        until(lambda: _listens(door), "it takes calls")
        time.sleep(5)  # until the model is loaded, as on any day
        try:
            yield door
        finally:
            process.terminate()


def _listens(door: Door) -> bool:
    try:
        return any(line.port for line in door.lines())
    except DaemonUnreachable:
        return False


def listen(home: Home, heard: Heard) -> None:
    """Take in everything that is told, until the daemon leaves."""
    with Door(home) as door:
        for together in door.live_news():
            for event in together:
                heard.take(event)


def play(door: Door, recording: Path, count: int) -> Played:
    """Play a recording as calls."""
    where = f"127.0.0.1:{max(line.port for line in door.lines())}"
    caller = [sys.executable, "-P", "-m", "voicectl_daemon.media.caller"]
    command = [*caller, where, "audiosocket", RATE, str(count), str(recording)]
    return parse.json(subprocess.check_output(command), Played)


def done(door: Door, count: int) -> None:
    """Wait until so many calls are over and told."""

    def over() -> bool:
        calls = door.live(ended=True)
        listened = any(call.language for call in calls)
        ended = [call for call in calls if call.ended and (call.told or not listened)]
        return len(ended) == count

    until(over, "the calls are over")


def until(true: Callable[[], object], what: str, seconds: float = 900.0) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise SystemExit(f"it did not happen: {what}")
        time.sleep(0.1)


def _frames(path: str) -> int:
    with wave.open(path) as file:
        return int(file.getnframes())


if __name__ == "__main__":
    main()
