"""A monitor that shows what was recorded, the same on every machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import DataTable
from textual.widgets._footer import FooterKey

from tests.tui import scenes
from tests.waiting import PATIENCE
from voicectl.tui.app import Monitor
from voicectl.tui.recorded import Recorded

ROOM = 24
"""Lines of a screen on which a table that has rows has a height."""


@pytest.fixture(autouse=True)
def colours_and_times(clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are in colour, and in one time zone."""
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def anyio_backend() -> str:
    """Textual is made for asyncio."""
    return "asyncio"


class Watching(Monitor):
    """A monitor of one source."""

    def __init__(self, source: Recorded) -> None:
        super().__init__(lambda: source, now=scenes.now)
        self.source = source


async def until(pilot: Pilot[Any], true: Callable[[], object], what: str) -> None:
    """Wait for a condition, and until it is drawn."""
    end = time.monotonic() + PATIENCE
    while not true():
        await _patiently(pilot, end, f"it did not happen: {what}")
    await drawn(pilot)


async def _patiently(pilot: Pilot[Any], end: float, otherwise: str) -> None:
    """Wait a moment; a monitor that has crashed tells why at once."""
    if pilot.app._exception is not None:
        raise pilot.app._exception
    assert time.monotonic() < end, otherwise
    await pilot.pause(0.05)


async def drawn(pilot: Pilot[Any]) -> None:
    """Wait until all that is known is on the screen."""
    app = pilot.app
    assert isinstance(app, Monitor)
    version = app.board.version
    end = time.monotonic() + PATIENCE
    while app.drawn < version:
        await _patiently(pilot, end, "it is not drawn")
    await pilot.pause()
    while True:  # a table takes its height after its rows, which a slow machine shows
        before = on_screen(pilot.app)
        await _patiently(pilot, end, "it never comes to rest")
        if before == on_screen(pilot.app) and not (
            _growing(pilot.app) or _keys_are_late(pilot.app)
        ):
            return


def on_screen(app: App[Any]) -> list[str]:
    """All that is on the screen, line by line."""
    return [strip.text for strip in app.screen._compositor.render_strips()]


def _growing(app: App[Any]) -> bool:
    tables = [table for table in app.screen_stack[0].query(DataTable) if _is_shown(table)]
    return app.screen._layout_required or any(
        # Between the two, the rows are known and the layout that they need is only asked for.
        table._require_update_dimensions
        or (table.row_count and not table.size.height and app.size.height >= ROOM)
        for table in tables
    )


def _is_shown(widget: Widget) -> bool:
    return all(each.display for each in widget.ancestors_with_self if isinstance(each, Widget))


def _keys_are_late(app: App[Any]) -> bool:
    """Whether the last line does not name the keys that work."""
    if len(app.screen_stack) > 1:
        return False
    named = {key.action for key in app.screen.query(FooterKey)}
    return named != {
        each.binding.action for each in app.screen.active_bindings.values() if each.binding.show
    }


def told(pilot: Pilot[Any]) -> bool:
    """Whether the daemon has answered, or does not."""
    app = pilot.app
    assert isinstance(app, Watching)
    known = app.board.house is not None and app.source.heard.is_set()
    return known or bool(app.board.away)


def ready(
    *keys: str, also: Callable[[Monitor], object] = lambda app: True, first: bool = False
) -> Callable[..., Any]:
    """Return what waits for the answer, presses keys, and waits for what they bring.

    With `first`, it waits for that before it presses any.
    """

    async def wait(pilot: Pilot[Any]) -> None:
        await until(pilot, lambda: told(pilot), "the daemon answers")
        if first:
            await until(pilot, lambda: also(pilot.app), "what was asked for is known")  # type: ignore[arg-type]  # a Monitor
        for key in keys:
            await pilot.press(key)
            await drawn(pilot)
        await until(pilot, lambda: also(pilot.app), "what was asked for is known")  # type: ignore[arg-type]  # a Monitor

    return wait
