"""A few calls of a day; `python -m tests.soak day` takes all of them."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Site
from tests.soak.day import DAY_SECONDS, lived, plan
from tests.soak.test_damaged import SEED

CALLS, SECONDS = 16, 12.0


def test_days_are_the_same_for_the_same_seed() -> None:
    first, again, other = (plan(300, seed, 144) for seed in (7, 7, 8))
    assert first == again != other
    assert len({(call.start, call.seconds) for call in first}) == len(first)
    evening, night = (sum(begin <= call.hour < begin + 6 for call in first) for begin in (16, 0))
    assert evening > 3 * night > 0


def test_a_day(site: Site, weights: Path) -> None:
    calls = plan(CALLS, SEED, DAY_SECONDS / SECONDS)
    day = lived(site, calls, SEED, SECONDS)
    print(*day.told, sep="\n")
    assert day.wrong == []
    assert len(day.ended) + len(day.cut) + day.unanswered == CALLS
    assert sum("killed" in each for each in day.told) == 3
