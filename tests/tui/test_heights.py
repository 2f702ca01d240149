"""What takes the height that it needs has it, however slow the machine is."""

from __future__ import annotations

import pytest
from rich.text import Text
from textual.widget import Widget

from tests.tui import scenes
from tests.tui.conftest import Watching, ready, until
from voicectl.tui.calls.table import CallTable
from voicectl.tui.calls.view import CallsView
from voicectl.tui.told import Told

pytestmark = pytest.mark.anyio


def laid_out_early(widget: Widget) -> None:
    """Lay the screen out after a widget has asked for it, and before it has been its turn."""
    widget.refresh(layout=True)
    parent = widget.parent
    assert isinstance(parent, Widget)
    parent._clear_arrangement_cache()  # a neighbour does that, when something about it changes
    widget.screen._refresh_layout()


async def test_a_layout_in_between_leaves_no_table_without_its_rows() -> None:
    """A slow machine lays the screen out between the news and the moment when rows are measured."""
    app = Watching(scenes.house(()))
    async with app.run_test() as pilot:
        await ready()(pilot)
        table = app.query_one(CallTable)
        app.query_one(CallsView).remove_class("-empty")
        laid_out_early(table)
        app.source.happen(scenes.ten())
        app.board.take(scenes.ten())
        app.draw()
        await until(pilot, lambda: table.size.height > 2, "the calls are in sight")


async def test_a_layout_in_between_leaves_no_text_cut_off() -> None:
    app = Watching(scenes.house(scenes.events(scenes.call())))
    async with app.run_test() as pilot:
        await ready()(pilot)
        about = app.query_one("#about", Told)
        laid_out_early(about)
        about.tell(Text("one\ntwo\nthree"))
        await until(pilot, lambda: about.size.height == 3, "three lines are in sight")
