"""The door keeps what its OpenAPI document promises, whatever is asked of it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings

from voicectl.config import Config, Schedule
from voicectl.paths import Home
from voicectl_daemon import door, main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENDLESS = "/v1/live/stream"
"""Has no end: see test_stream."""
BY_CHOICE = [
    # A request of the right form may still be about something that makes no sense: 422.
    schemathesis.checks.positive_data_acceptance,
    # Two routes on one path are two routes to FastAPI: it allows what the first one does.
    schemathesis.checks.allow_header_conformance,
    schemathesis.checks.unsupported_method,
]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory, weights: Path) -> Iterator[Any]:
    """All parts of a daemon but its socket."""
    home = Home(tmp_path_factory.mktemp("openapi"))
    with ExitStack() as parts:
        nightly = Schedule(
            name="nightly", cron="0 2 * * *", recipe="transcribe", paths=("/in",), output="/out"
        )
        settings_ = Config(models=str(weights), schedule=(nightly,))
        house = main.build(home, settings_, parts, on_demand=False)
        house.errands.timetable.open()
        routes = schemathesis.openapi.from_asgi("/openapi.json", door.build(house))
        yield routes


doors = schemathesis.pytest.from_fixture("schema").exclude(path=ENDLESS)


@doors.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_route_keeps_its_promise(case: schemathesis.Case) -> None:
    assume(case.formatted_path != ENDLESS)  # as a call of that name, too
    case.call_and_validate(excluded_checks=BY_CHOICE)
