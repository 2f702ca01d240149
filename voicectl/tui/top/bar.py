"""One line: the views, how many calls there are, and the time."""

from __future__ import annotations

from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from voicectl.live import LiveCall
from voicectl.printable import count
from voicectl.tui import ink
from voicectl.tui.told import Told

VIEWS = {"calls": "Calls", "jobs": "Jobs", "health": "Health", "search": "Search"}


class Tab(Static):
    """The name of a view; a click goes there."""

    class Chosen(Message):
        """Somebody wants to see a view."""

        def __init__(self, view: str) -> None:
            super().__init__()
            self.view = view

    def __init__(self, view: str) -> None:
        key = list(VIEWS).index(view) + 1
        name = Text.assemble(" ", (str(key), ink.BRAND), f" {VIEWS[view]} ")
        super().__init__(name, id=f"tab-{view}")
        self.view = view

    def on_click(self) -> None:
        """Go there."""
        self.post_message(self.Chosen(self.view))


class Bar(Horizontal):
    """The first line of the screen."""

    def compose(self) -> ComposeResult:
        """Name the views."""
        yield Static(Text(" voicectl ", "bold"), id="brand")
        for view in VIEWS:
            yield Tab(view)
        yield Told(id="facts")

    def choose(self, view: str) -> None:
        """Show which view is open."""
        for tab in self.query(Tab):
            tab.set_class(tab.view == view, "-chosen")

    def tell(self, calls: list[LiveCall], now: datetime) -> None:
        """Show how many calls there are, and how many of them are behind."""
        up = [call for call in calls if not call.state.final]
        behind = sum(call.lag >= ink.LATE for call in up)
        facts = Text(no_wrap=True)
        if up:
            facts.append(count(len(up), "call"), f"bold {ink.GREEN}")
        if behind:
            facts.append(f"  {behind} behind", ink.WARM)
        facts.append(f"  {now.astimezone():%H:%M:%S} ", ink.DIM)
        self.query_one("#facts", Told).tell(facts)
