"""Longer and harder than the suite: python -m tests.soak COMMAND, see docs/testing.md."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, count, text in (
        ("day", day, 300, "take the calls of a day at speed, and tell how it went"),
        ("kills", kills, 200, "kill workers and daemons under a batch"),
        ("mutants", mutants, 2_000, "read damaged recordings in confined children"),
        ("recipes", recipes, 50, "kill workers and daemons between the steps of drawn recipes"),
        ("work", work, 500, "hand damaged recordings to a daemon, as a user would"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--count", type=int, default=count)
        command.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
        command.set_defaults(run=run)
    given = parser.parse_args()
    print(f"{given.count} with --seed {given.seed}", flush=True)
    status: int = given.run(given.count, given.seed)
    return status


def day(count: int, seed: int) -> int:
    """Take the calls of a day in ten minutes; two cores bear 500."""
    from tests.soak.day import live

    return live(count, seed)


def kills(count: int, seed: int) -> int:
    """Run the tests of tests/daemon/test_kill.py that shoot, with more shots."""
    return pytest("tests/daemon/test_kill.py", "-k", "fire", VOICECTL_KILLS=count, seed=seed)


def recipes(count: int, seed: int) -> int:
    """Run the test that draws recipes, with more of them."""
    return pytest("tests/daemon/test_drawn_recipes.py", VOICECTL_RECIPES=count, seed=seed)


def work(count: int, seed: int) -> int:
    """Run the test that hands damaged recordings to a daemon, with more of them."""
    test = "tests/soak/test_damaged.py"
    return pytest(test, "-k", "daemon", VOICECTL_DAMAGED=count, seed=seed)


def pytest(*what: str, seed: int, **settings: int) -> int:
    """Run tests with settings of ours."""
    told = {name: str(value) for name, value in {**settings, "VOICECTL_SEED": seed}.items()}
    run = [sys.executable, "-m", "pytest", "-s", *what]
    return subprocess.run(run, cwd=ROOT, env=os.environ | told, check=False).returncode


def mutants(count: int, seed: int) -> int:
    """Read `count` damaged recordings, and say how they ended."""
    from tests.soak import reading
    from tests.soak.mutants import mutants as made

    folder = Path(tempfile.mkdtemp(prefix="voicectl-soak-"))
    with reading.canary() as (url, came):
        found = reading.read_all(made(count, seed, url), folder, os.cpu_count() or 1)
    print(*(f"{number} {how}" for how, number in found.ended.most_common()), sep=", ")
    print(f"the longest took {found.longest[0]:.1f} CPU s: {found.longest[1]}")
    for name, why in found.wrong.items():
        print(f"\n{folder / name}\n    {why}")
    if came:
        print("\nsomething was fetched:", *came, sep="\n    ")
    if not found.wrong:
        folder.rmdir()
    return 1 if found.wrong or came else 0


if __name__ == "__main__":
    sys.exit(main())
