"""Where a recipe masks names nobody hears them: no event tells them, no file keeps them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from tests.daemon.conftest import bytes_of
from voicectl.events import Event, EventKind

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Site
    from tests.daemon.conftest import Desk

NAME = b"intra"
"""Of Sintra, as the recogniser writes it."""


@pytest.fixture
def path(make_call: Callable[..., Path]) -> Path:
    return make_call("a romantic town", 38.5, 9.5)


def heard(desk: Desk, path: Path, recipe: str) -> list[Event]:
    found = []
    with desk.watch() as events:
        desk.ask(path, recipe=recipe)
        for event in events:
            found.append(event)
            if event.kind is EventKind.JOB_FINISHED:
                break
    return found


def test_no_event_and_no_file_has_the_words(desk: Desk, site: Site, path: Path) -> None:
    events = heard(desk, path, "redact")
    (done,) = (event for event in events if event.kind is EventKind.TASK_DONE)
    assert EventKind.TASK_SEGMENT not in {event.kind for event in events}
    assert NAME not in msgspec.json.encode(events)
    transcript = desk.door.call(done.call or "").transcript
    assert transcript is not None
    assert "[PLACE_1]" in transcript.text
    assert NAME not in bytes_of(site.home.folder)


def test_where_nothing_is_masked_they_are_told_and_kept(desk: Desk, site: Site, path: Path) -> None:
    events = heard(desk, path, "transcribe")
    said = [event for event in events if event.kind is EventKind.TASK_SEGMENT]
    assert NAME in msgspec.json.encode(said)
    assert NAME in bytes_of(site.home.folder)
