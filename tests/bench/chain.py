"""What the steps of the default recipe cost, and what they hold when all are loaded.

Calls in English and in other languages go through `voicectl run helpline`, one
after the other, in one worker that keeps every model it has loaded.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import built
from corpus import SHARED, prompts
from house import House, house
from long import Watched, watched
from report import Section, arguments, at_most, models

from voicectl.client import Door
from voicectl.types import Ask, CallRecord, Source

RECIPE = "helpline"
SHARE, MEMORY = 0.25, 1_600.0
"""Of the call's length; MB."""
OTHERS = ("call_es_0_2ch_mulaw.wav", "call_fr_0_2ch_mulaw.wav")
WHOLE = "the whole recipe"
MB = 1_000_000


def main() -> None:
    given = arguments(__doc__).parse_args()
    minutes, rounds = (1, 1) if given.quick else (10, 3)
    with tempfile.TemporaryDirectory() as name, house(models()) as home:
        call = built.call(Path(name), prompts(), minutes)
        others = [SHARED / "calls" / other for other in OTHERS]
        with watched(home) as most:
            found = worked(home, [call.path, *others], rounds)
    section = Section("chain", "What a recipe costs")
    section.say(
        f"`{RECIPE}` over a two-channel English call of {call.seconds / 60:.1f} min and two of a "
        f"minute in Spanish and French; medians of {rounds} rounds, seconds on the wall as the "
        "call's record tells them, as a share of the length of the call. Memory is the most that "
        "the daemon and its worker held together in all that time (PSS), with both speech models, "
        "the embeddings and spaCy loaded."
    )
    section.table(("step", "English", "Spanish", "French", "target"), rows(found))
    section.table(("memory, MB", "PSS", "target"), [memory(most)])
    section.publish(write=given.write)


def worked(home: House, paths: Sequence[Path], rounds: int) -> list[list[CallRecord]]:
    """Return what every round made of each call."""
    with home.open() as door:
        whole = [[once(door, path) for path in paths] for _ in range(rounds + 1)]
    return whole[1:]


def once(door: Door, path: Path) -> CallRecord:
    """Do the recipe anew. The first time models are loaded, which counts for nothing."""
    job = door.submit(Ask((Source(str(path), path.name),), recipe=RECIPE, force=True))
    for _ in door.events(job.id):
        pass
    (task,) = door.tasks(job.id)
    if task.call is None or task.error:
        raise SystemExit(f"{path.name}: {task.state}: {task.error}")
    return door.call(task.call)


def rows(rounds: Sequence[Sequence[CallRecord]]) -> list[tuple[str, ...]]:
    """Return a row a step and one for all: the share of each call's length."""
    steps = [done.stage for done in rounds[0][0].done]
    calls = range(len(rounds[0]))
    shares = {
        step: [
            statistics.median(
                _seconds(each[call], step) / each[call].audio.seconds for each in rounds
            )
            for call in calls
        ]
        for step in [*steps, WHOLE]
    }
    targets = {WHOLE: at_most(max(shares[WHOLE]), SHARE, "of the length")}
    return [
        (step, *(f"{share:.4f}" for share in found), targets.get(step, ""))
        for step, found in shares.items()
    ]


def _seconds(record: CallRecord, step: str) -> float:
    return sum(done.seconds for done in record.done if step in (done.stage, WHOLE))


def memory(most: Watched) -> tuple[str, ...]:
    """Return the row of the memory."""
    held = most.pss / MB
    return "daemon and worker", f"{held:.0f}", at_most(held, MEMORY, "MB")


if __name__ == "__main__":
    main()
