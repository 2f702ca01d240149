"""Tables for `docs/benchmarks.md`, each section between markers of its own."""

from __future__ import annotations

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
import timeit
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from corpus import ROOT

PAGE = ROOT / "docs/benchmarks.md"


class Section:
    """One section of the page: where, with what, when, how, and then the figures."""

    def __init__(self, name: str, title: str, *, also: Sequence[str] = ()) -> None:
        """Take the marker, the heading, and the packages whose versions matter besides ours."""
        self._name = name
        self._parts = [f"## {title}", _circumstances(also)]

    def say(self, text: str) -> None:
        """Add a paragraph."""
        self._parts.append(text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table; the first column is words, the others are figures."""
        lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
        self._parts.append("\n".join(f"| {' | '.join(map(str, line))} |" for line in lines))

    def publish(self, *, write: bool) -> None:
        """Print the section and, with `write`, put it in the page in place of the last one."""
        text = "\n\n".join(self._parts)
        print(text)
        if not write:
            return
        begin, end = f"<!-- {self._name}: begin -->", f"<!-- {self._name}: end -->"
        page = PAGE.read_text()
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        if not pattern.search(page):
            raise SystemExit(f"{PAGE} has no place for this section: {begin} {end}")
        PAGE.write_text(pattern.sub(lambda _: f"{begin}\n{text}\n{end}", page, count=1))


def arguments(about: str | None) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--write", action="store_true", help=f"also write it into {PAGE.name}")
    parser.add_argument("--quick", action="store_true", help="a few recordings, to see it work")
    return parser


def models() -> Path:
    """Return the folder of the weights, which both have to be there."""
    usual = os.environ.get("VOICECTL_TEST_MODELS", "~/.cache/voicectl/models")
    folder = Path(usual).expanduser().absolute()
    for name in ("tiny.en", "base"):
        if not (folder / name / "model.bin").exists():
            raise SystemExit(
                f"there is no model '{name}' in {folder}; fetch both with: "
                f"python -m voicectl_models --into {folder} get tiny.en base"
            )
    return folder


def _circumstances(also: Sequence[str]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    names = ("faster-whisper", "ctranslate2", *also)
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    busy = f"load {os.getloadavg()[0]:.1f} before it began"
    typed = shlex.join([".venv/bin/python", f"tests/bench/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return "\n".join(
        [
            f"* machine: {_machine()}; {busy}; {_speed()}",
            f"* versions: voicectl {version('voicectl')} ({commit}), "
            f"Python {platform.python_version()}, {versions}",
            f"* date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            f"* command: `{typed}`",
        ]
    )


def _machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in lines if "model name" in line), "CPU")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {memory:.0f} GiB, {system}"


def _speed() -> str:
    """Machines of one name differ by four, with what else their host has to do."""
    took = timeit.timeit("for _ in range(20_000_000): x += 1", "x = 0", number=1)
    return f"20 million additions in Python took {took:.1f} s"


def at_most(found: float, limit: float, unit: str) -> str:
    """Return a target and whether a figure keeps it."""
    return f"<= {limit:g} {unit}: {'kept' if found <= limit else '**missed**'}"


def at_least(found: float, limit: float, unit: str) -> str:
    """Return a target and whether a figure reaches it."""
    return f">= {limit:g} {unit}: {'kept' if found >= limit else '**missed**'}"
