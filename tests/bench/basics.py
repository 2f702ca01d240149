"""What everybody waits for: the first transcript, the help page, the daemon; and its memory."""

import tempfile
import time
from pathlib import Path

import built
from corpus import ROOT, calls, prompts
from cost import Cost, middle, run
from house import COMMAND, House, house
from report import Section, arguments, at_most, models

FIRST_CALL = ROOT / "tests/data/call_en_0_2ch_mulaw.wav"
"""The one that install.sh transcribes."""
MB = 1_000_000


def main() -> None:
    given = arguments(__doc__).parse_args()
    times = 2 if given.quick else 5
    section = Section("basics", "What everybody waits for")
    section.say(
        "Medians; the files are in the page cache. Memory is that of the daemon and its worker "
        "after the work named, with models and all; PSS divides what processes share, peak sums "
        "the most that each ever held. The first call is a minute of two channels."
    )
    section.table(
        ("what", "seconds", "CPU s", "target"),
        [first_transcript(times), help_page(2 * times), daemon_ready(times)],
    )
    section.table(("memory, MB", "RSS", "PSS", "peak", "target"), memory(quick=given.quick))
    section.publish(write=given.write)


def first_transcript(times: int) -> tuple[str, ...]:
    """Measure a user's first command: no daemon, no model loaded, nothing in the store."""
    costs = []
    for _ in range(times):
        with house(models()) as fresh:
            costs.append(fresh.transcribe([FIRST_CALL])[0])
    return _row("first transcript, from nothing", costs)


def help_page(times: int) -> tuple[str, ...]:
    """Measure `voicectl --help`."""
    costs = [run([COMMAND, "--help"]) for _ in range(times)]
    return _row("`voicectl --help`", costs, 0.25)


def daemon_ready(times: int) -> tuple[str, ...]:
    """Measure how long a client waits for a daemon that it has to start."""
    costs = []
    for _ in range(times):
        with house(models()) as fresh:
            began = time.monotonic()
            fresh.open().close()
            costs.append(Cost(time.monotonic() - began, fresh.cpu()))
    return _row("daemon on demand ready", costs, 1.5)


def _row(what: str, costs: list[Cost], limit: float | None = None) -> tuple[str, ...]:
    found = middle(costs)
    target = at_most(found.wall, limit, "s") if limit else ""
    return what, f"{found.wall:.3f}", f"{found.cpu:.3f}", target


def memory(*, quick: bool) -> list[tuple[str, ...]]:
    """Measure memory with one model, then with two."""
    minutes = 1 if quick else 10
    with house(models()) as lived_in, tempfile.TemporaryDirectory() as name:
        long = built.call(Path(name), prompts(), minutes)
        lived_in.transcribe([long.path], "--model", "tiny.en", "--language", "en")
        one = _memory_row(f"tiny.en, a call of {minutes} min", lived_in, 900)
        lived_in.transcribe([call.stereo for call in calls()], "--model", "base")
        two = _memory_row("and then base, three calls", lived_in)
    return [one, two]


def _memory_row(what: str, lived_in: House, limit: float | None = None) -> tuple[str, ...]:
    found = lived_in.memory()
    rss, pss, peak = (f"{size / MB:.0f}" for size in (found.rss, found.pss, found.peak))
    return what, rss, pss, peak, at_most(found.rss / MB, limit, "MB") if limit else ""


if __name__ == "__main__":
    main()
