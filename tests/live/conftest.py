"""A real Asterisk for the session, callers, agents; or one loud sentence why there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.live import prepare
from tests.live.asterisk import Asterisk, running

NEEDED = {"sipp": "sip-tester", "setpriv": "util-linux"}
"""Programs, and Debian's packages with them."""
NONE = "no real Asterisk: "
"""So the reason of a skip begins: workers of xdist tell of theirs by reports alone."""


@pytest.fixture(scope="session")
def booted() -> Iterator[Asterisk]:
    """An Asterisk for all tests: it takes seconds to start."""
    if missing := [package for name, package in NEEDED.items() if not shutil.which(name)]:
        _skip(f"{' and '.join(missing)} must be installed")
    try:
        prepare.prepare()
    except (prepare.CannotPrepare, OSError) as error:
        _skip(str(error))
    with running() as made:
        yield made


@pytest.fixture
def asterisk(booted: Asterisk) -> Iterator[Asterisk]:
    """One that runs, with nobody on the line; its dialplan is in `etc`, tests add to it."""
    yield booted
    # A party that was killed says no goodbye. The call would stay, and ring the next test's agent.
    booted.hang_up()


@pytest.fixture
def helpline(asterisk: Asterisk) -> Iterator[Asterisk]:
    """The same; what it is told of the first line of a site is forgotten."""
    yield asterisk
    for written in (asterisk.folder / "etc" / "site").glob("helpline.*"):
        written.unlink()


def _skip(why: str) -> None:
    pytest.skip(NONE + why)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Whoever reads only the end must not think that calls were tried."""
    skipped = terminalreporter.stats.get("skipped", ())
    reasons = [report.longrepr[2] for report in skipped if isinstance(report.longrepr, tuple)]
    if without := [reason.partition(NONE)[2] for reason in reasons if NONE in reason]:
        terminalreporter.section("LIVE CALLS WERE NOT TESTED", sep="!", red=True, bold=True)
        terminalreporter.line(f"There is no real Asterisk: {without[0]}", red=True)
