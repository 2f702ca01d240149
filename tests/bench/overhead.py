"""What the house costs: ledger, store and events, beside the same recogniser called directly.

The very stage that a worker runs (decoding, legs, speech, recogniser) is called
in this process, with nobody who listens and nothing that is kept; then a job
goes through a warm daemon, from `task.started` to `task.done`; then
faster-whisper by itself hears the two legs. Everywhere the model is loaded
before. They take turns, so that a busy neighbour disturbs all of them.
"""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import built
from corpus import prompts
from cost import Cost, in_turn, middle, of_this_process, ratios
from faster_whisper.audio import decode_audio
from house import House, house
from peers import Plain
from report import Section, arguments, at_most, models

from voicectl.client import Door
from voicectl.events import EventKind
from voicectl.interfaces import (
    TranscribeOptions,
)
from voicectl.types import DEFAULT_TENANT, Ask, Audio, CallRecord, Source
from voicectl_models.lending import Lending
from voicectl_models.pool import Pool
from voicectl_recipes.stages.transcribe import Transcribe

MODEL, LANGUAGE = "tiny.en", "en"
DIRECT, JOB, PLAIN = "the stage, called directly", "job through the daemon", "faster-whisper"
TARGET = 5.0
"""Percent."""


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--runs", type=int, default=5, help="rounds (5)")
    given = parser.parse_args()
    minutes, rounds = (1, 2) if given.quick else (12, given.runs)
    with tempfile.TemporaryDirectory() as name, house(models()) as home:
        call = built.call(Path(name), prompts(), minutes)
        costs = measured(call, home, rounds)
    section = Section("overhead", "What the house costs: ledger, store, events")
    section.say(
        f"A two-channel call of {call.seconds / 60:.1f} min, {MODEL}, models loaded; medians of "
        f"{rounds} rounds in which each works once; ratios are medians over the rounds. The job is "
        "timed from `task.started` to `task.done`; its CPU seconds are those of daemon and worker "
        "and include looking at the recording before and telling a listener of every segment. "
        "faster-whisper (beam 1, VAD) gets the two legs one after the other."
    )
    section.table(
        ("", "seconds", "CPU s", "x real time", "of the direct call: wall", "CPU", "target"),
        [_row(name, costs, call.seconds) for name in costs],
    )
    section.publish(write=given.write)


def measured(call: built.Built, home: House, rounds: int) -> dict[str, list[Cost]]:
    """Return what each cost in every round."""
    weights = models() / MODEL
    quiet, plain = Lending(Pool(models())), Plain(weights)
    with home.open() as door:
        contestants = {
            DIRECT: lambda: directly(quiet, call),
            JOB: lambda: as_job(home, door, call),
            PLAIN: lambda: plainly(plain, call),
        }
        in_turn(contestants, 1)
        return in_turn(contestants, rounds)


def options() -> TranscribeOptions:
    return TranscribeOptions(model=MODEL, language=LANGUAGE)


def directly(quiet: Lending, call: built.Built) -> Cost:
    """Do what a worker does, and keep nothing."""
    audio = Audio(str(call.path), call.path.name, call.seconds, built.RATE, 2, "pcm_mulaw", "")
    record = CallRecord("", DEFAULT_TENANT, audio, datetime.now(UTC))
    with of_this_process() as cost:
        (outcome,) = Transcribe().run([record], options(), quiet)
    assert outcome.record is not None
    assert outcome.record.transcript is not None
    assert outcome.record.transcript.segments
    return cost()


def as_job(home: House, door: Door, call: built.Built) -> Cost:
    """Let the daemon do it, and listen to its events."""
    source = Source(str(call.path), call.path.name)
    wishes = {"transcribe": {"model": MODEL, "language": LANGUAGE}}
    before = home.cpu()
    job = door.submit(Ask((source,), options=wishes, force=True))
    at = {event.kind: event.at for event in door.events(job.id)}
    took = at[EventKind.TASK_DONE] - at[EventKind.TASK_STARTED]
    return Cost(took.total_seconds(), home.cpu() - before)


def plainly(plain: Plain, call: built.Built) -> Cost:
    """Let faster-whisper hear one leg, then the other."""
    with of_this_process() as cost:
        for leg in decode_audio(str(call.path), split_stereo=True):
            assert plain.hear(leg, language=LANGUAGE, beam_size=1, vad_filter=True)[0]
    return cost()


def _row(name: str, costs: dict[str, list[Cost]], seconds: float) -> tuple[str, ...]:
    found, ratio = middle(costs[name]), ratios(costs[name], costs[DIRECT])
    more = 100 * (ratio.wall - 1)
    target = f"{more:+.1f} %, {at_most(more, TARGET, '%')}" if name == JOB else ""
    figures = (f"{found.wall:.2f}", f"{found.cpu:.2f}", f"{seconds / found.wall:.1f}")
    return name, *figures, f"{ratio.wall:.3f}", f"{ratio.cpu:.3f}", target


if __name__ == "__main__":
    main()
