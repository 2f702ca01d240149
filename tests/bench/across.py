"""How fast questions over all calls are, reports and meaning, as the commands answer them.

The store is filled by SQL, with what a recipe would have found in each call.
"""

from __future__ import annotations

import fcntl
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
from bookkeeping import CALL_SEGMENTS, fill
from report import Section, arguments, at_most, models

from voicectl.paths import Home
from voicectl.reporting import BY
from voicectl_daemon import vectors
from voicectl_daemon.store import Store

TIMES = 5
MEANING = """
UPDATE book.transcripts SET
    labels = CASE WHEN hash(key) % 5 = 0 THEN [] ELSE
        [{'scheme': 'a scheme', 'name': 'category ' || hash(key) % 15,
          'score': 0.5 + hash(key) % 50 / 100, 'evidence': [1, 2, 3]}] END,
    risks = CASE WHEN hash(key) % 9 = 0 THEN
        [{'kind': 'kind ' || hash(key) % 6, 'text': 'knife', 'segment': 4, 'start': 0, 'end': 5,
          'language': 'en'}] ELSE [] END,
    scores = [{'form': 'a form', 'name': 'criterion ' || n,
               'verdict': list_extract(['yes', 'partly', 'no', 'not applicable'],
                                       1 + (hash(key || n) % 4)::INTEGER),
               'evidence': [n]} FOR n IN range(12)],
    entities = [{'label': 'NAME', 'text': 'name ' || n, 'segment': n, 'start': 0, 'end': 4,
                 'score': 0.9} FOR n IN range(20)],
    summary = {'sentences': [{'text': 'a sentence of the call ' || n, 'evidence': [n]}
                             FOR n IN range(3)], 'model': 'minilm'},
    done = [{'stage': stage, 'runner': 'r', 'model': 'm', 'at': TIMESTAMP '2026-01-01',
             'seconds': 1.0, 'recipe_hash': 'h'} FOR stage IN ['transcribe', 'classify', 'score']]
"""


VECTORS = """
INSERT INTO book.vectors SELECT key, call, id,
    list_transform(range(384), lambda x: (random() * 254 - 127)::TINYINT)::TINYINT[384]
FROM book.segments WHERE hash(call) % 20 = {part};
"""
CENTRES = """
INSERT INTO book.centres SELECT key, call, tenant, ?,
    list_transform(range(384), lambda x: (random() - 0.5)::FLOAT)::FLOAT[384]
FROM book.transcripts
"""


def main() -> None:
    given = arguments(__doc__).parse_args()
    calls = 200 if given.quick else 10_000
    section = Section("across", "Across calls", also=("duckdb",))
    section.say(
        f"{calls:,} calls of {CALL_SEGMENTS} segments, each with categories, urgent words, a "
        "quality form, names and a summary. From typing the command to its end, the daemon "
        f"running; median of {TIMES}. Searching by meaning compares every segment; the vectors are "
        "random numbers."
    )
    with tempfile.TemporaryDirectory() as name:
        place = Home(Path(name))
        place.store.parent.mkdir(parents=True, exist_ok=True)
        (Path(name) / "voicectl.toml").write_text(f'models = "{models()}"')
        made(place.store, calls)
        rows = [
            (f"report --by {by}", f"{took:.2f} s", at_most(took, 2, "s"))
            for by in BY
            for took in [timed(name, "report", "--by", by, "--json")]
        ]
        took = timed(name, "report", "--html", f"{name}/page.html")
        rows.append(("report --html", f"{took:.2f} s", at_most(took, 2, "s")))
        rows.append(("store on disk, no vectors", f"{place.store.stat().st_size / 1e6:.0f} MB", ""))
        command(name, "stop")
        alone(place)
        read(place.store)
        for words in (("search", "--meaning", "a child has to work"), ("similar", "c0")):
            took = timed(name, "calls", *words, "--known")
            limit = at_most(took, 1, "s") if words[0] == "search" else ""
            rows.append((f"calls {words[0]}, by meaning", f"{took:.2f} s", limit))
        rows.append(
            ("store on disk with vectors", f"{place.store.stat().st_size / 1e6:.0f} MB", "")
        )
        command(name, "stop")
    section.table(("", "figure", "target"), rows)
    section.publish(write=given.write)


def made(path: Path, calls: int) -> None:
    """Fill a store."""
    Store(path).close()
    fill(path, calls * CALL_SEGMENTS)
    with duckdb.connect(str(path)) as db:
        db.execute(MEANING)


def read(path: Path) -> None:
    """Give every segment a vector, as if its call had been read for its meaning."""
    with duckdb.connect(str(path)) as db:
        for part in range(20):
            db.execute(VECTORS.format(part=part))
        db.execute(CENTRES, [vectors.weights(models())])


def alone(place: Home) -> None:
    """Wait until the daemon has left the folder."""
    with place.lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def command(home: str, *words: str) -> None:
    """Run a command of voicectl."""
    subprocess.run(
        [sys.executable, "-P", "-m", "voicectl.cli.main", *words],
        env=os.environ | {"VOICECTL_HOME": home, "VOICECTL_CONFIG": f"{home}/voicectl.toml"},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def timed(home: str, *words: str) -> float:
    """Return the median of how long a command takes, in seconds."""
    command(home, *words)
    took = []
    for _ in range(TIMES):
        began = time.monotonic()
        command(home, *words)
        took.append(time.monotonic() - began)
    return statistics.median(took)


if __name__ == "__main__":
    main()
