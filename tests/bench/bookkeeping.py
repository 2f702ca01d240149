"""How fast the books are: tasks queued and claimed in the ledger, text found in the store.

The ledger is used as the daemon uses it, every change on disk when the method
returns. The store is filled by SQL: a million segments are weeks of calls.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import duckdb
from corpus import prompts
from report import Section, arguments, at_least, at_most

from voicectl.types import DEFAULT_TENANT, Ask, Audio, Source
from voicectl_daemon.ledger import Ledger
from voicectl_daemon.store import Store

HANDS = 8
"""Threads that claim at the same time; each stands for a worker."""
LEASE = 60.0
CALL_SEGMENTS = 100
TIMES = 20
Row = tuple[str, ...]


def main() -> None:
    given = arguments(__doc__).parse_args()
    tasks, segments = (500, 20_000) if given.quick else (10_000, 1_000_000)
    section = Section("bookkeeping", "Ledger and store", also=("duckdb",))
    section.say(
        f"{tasks:,} tasks of one job: handed in, each looked at, and then claimed and finished by "
        f"{HANDS} threads. {segments:,} segments in {segments // CALL_SEGMENTS:,} calls; a search "
        f"returns the 50 newest, median of {TIMES}."
    )
    with tempfile.TemporaryDirectory() as name:
        rows = [*in_ledger(Path(name), tasks), *in_store(Path(name), segments)]
    section.table(("", "figure", "target"), rows)
    section.publish(write=given.write)


def in_ledger(folder: Path, count: int) -> Iterator[Row]:
    """Queue, claim and finish tasks."""
    with closing(Ledger(folder / "ledger.sqlite")) as ledger:
        began = time.monotonic()
        job = hand_in(ledger, count)
        handed = time.monotonic()
        look_at(ledger, job)
        looked = time.monotonic()
        rate = count / (looked - began)
        yield "tasks handed in and looked at", f"{rate:,.0f}/s", at_least(rate, 500, "/s")
        yield "handing in alone", f"{count / (handed - began):,.0f}/s", ""
        yield "looking at alone", f"{count / (looked - handed):,.0f}/s", ""
        with ThreadPoolExecutor(HANDS) as pool:
            hands = pool.map(lambda hand: work(ledger, f"hand-{hand}"), range(HANDS))
            waits = sorted(1000 * wait for found in hands for wait in found)
        rate = count / (time.monotonic() - looked)
    middle, slow = statistics.median(waits), waits[int(0.99 * len(waits))]
    yield "claim, median", f"{middle:.1f} ms", ""
    yield "claim, 99 of 100", f"{slow:.1f} ms", at_most(slow, 50, "ms")
    yield "tasks claimed and finished", f"{rate:,.0f}/s", ""


def hand_in(ledger: Ledger, count: int) -> str:
    """Do what the door does with a job; return its id."""
    sources = tuple(Source(f"/calls/{number}.wav", f"{number}.wav") for number in range(count))
    return ledger.add_job(Ask(sources), b"[]", DEFAULT_TENANT).id


def look_at(ledger: Ledger, job: str) -> None:
    """Do what the planner does with a job, without opening recordings."""
    for task in ledger.tasks(job):
        audio = Audio(task.path, task.name, 180.0, 8000, 2, "pcm_mulaw", task.id)
        ledger.looked_at(task.id, audio, f"key-{task.id}", f"call-{task.id}", known=False)
    ledger.planned(job)


def work(ledger: Ledger, owner: str) -> list[float]:
    """Claim and finish tasks until there are none; return how long each claim took."""
    waits = []
    while True:
        began = time.monotonic()
        task = ledger.claim(owner, LEASE)
        waits.append(time.monotonic() - began)
        if task is None:
            return waits[:-1]
        ledger.finish(task.id, owner)


def in_store(folder: Path, segments: int) -> Iterator[Row]:
    """Search for words that are in many segments, in few, and in none."""
    path = folder / "store.duckdb"
    Store(path).close()
    fill(path, segments)
    last = str(segments - 1)
    searches = {"common": "please", "rare": "weasels", "in one": last, "in none": "zanzibar"}
    with closing(Store(path)) as store:
        for what, word in searches.items():
            hits = len(store.search(DEFAULT_TENANT, word, 50))
            took = 1000 * _median(partial(store.search, DEFAULT_TENANT, word, 50))
            name = f"search for a word, {what} ({hits} shown)"
            yield name, f"{took:.0f} ms", at_most(took, 200, "ms")
    yield "store on disk", f"{path.stat().st_size / 1e6:.0f} MB", ""


def fill(path: Path, segments: int) -> None:
    """Write segments of prompts, with a number in each, as if calls had been transcribed."""
    texts = [clip.text for clip in prompts()]
    with duckdb.connect(str(path)) as db:
        db.execute(
            "INSERT INTO book.calls "
            "(id, tenant, sha256, name, path, seconds, rate, channels, codec, created) "
            "SELECT 'c' || i, ?, 'sha' || i, i || '.wav', "
            "'/calls/' || i || '.wav', 300, 8000, 2, 'pcm_mulaw', "
            "TIMESTAMP '2026-01-01' + INTERVAL (i) MINUTE FROM range(?) r(i)",
            [DEFAULT_TENANT, segments // CALL_SEGMENTS],
        )
        db.execute(
            "INSERT INTO book.transcripts (key, call, tenant, latest, task, language, "
            "language_probability, model, speech_seconds, done) "
            "SELECT 'k' || id, id, tenant, true, 'transcribe', 'en', "
            "1.0, 'tiny.en', 200, [] FROM book.calls"
        )
        db.execute(
            'INSERT INTO book.segments (key, call, tenant, id, "start", "end", text, speaker, '
            "channel, language, confidence, suspect, words, decoding) "
            "SELECT 'kc' || c, 'c' || c, ?, n, 3 * n, 3 * n + 2.5, "
            "text, 'agent', n % 2, 'en', 0.9, NULL, [{'start': 3 * n, 'end': 3 * n + 1, "
            "'text': word, 'probability': 0.9} FOR word IN string_split(text, ' ')], NULL "
            "FROM (SELECT i // ? AS c, i % ? AS n, "
            "list_extract(?, 1 + (hash(i) % ?)::INTEGER) || ' ' || i AS text FROM range(?) r(i))",
            [DEFAULT_TENANT, CALL_SEGMENTS, CALL_SEGMENTS, texts, len(texts), segments],
        )


def _median(work: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        began = time.monotonic()
        work()
        took.append(time.monotonic() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
