"""A conversation that flows: drawn line by line, so that hours of speech cost no more than minutes.

It follows what is said while its end is in sight, and stays where a reader has scrolled to.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from rich.text import Text
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from voicectl.printable import clean, clock
from voicectl.tui import ink
from voicectl.tui.conversation.said import Said

TIME_WIDTH = 8
LONGEST_NAME = 10


class Conversation(ScrollView, can_focus=True):
    """The turns of one call."""

    BINDINGS = [
        Binding("end", "scroll_end", "Follow", show=False),
        Binding("home", "scroll_home", "To the beginning", show=False),
    ]

    def __init__(self, *, follows: bool = True, place: str) -> None:
        """With `follows`, the end is shown, else the beginning."""
        super().__init__(id=place)
        self._follows = follows
        self._said: tuple[Said, ...] = ()
        self._of: str | None = None
        self._lines: list[Strip] = []
        self._first_lines: dict[str, int] = {}
        self._wrapped: dict[tuple[Said, bool], list[Strip]] = {}
        self._width = self._name_width = 0
        self._at_end = follows
        """True while new turns are scrolled into sight."""

    def tell(self, call: str | None, said: Iterable[Said]) -> None:
        """Show the turns of a call; another one than before begins at its end."""
        told = tuple(said)
        if call == self._of and told == self._said:
            return
        if call != self._of:
            self._wrapped.clear()
            self._at_end = self._follows
        self._of, self._said = call, told
        self._lay_out()

    def go_to(self, said: str) -> None:
        """Scroll to a turn."""
        self.scroll_to(y=self._first_lines.get(said, 0), animate=False)

    def on_resize(self) -> None:
        """Break the lines anew."""
        self._lay_out()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Note whether the end is in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = self._follows and new_value >= self.max_scroll_y

    def _lay_out(self) -> None:
        width = self.scrollable_content_region.width
        if width < TIME_WIDTH + LONGEST_NAME:
            return
        longest = max(
            (cell_len(clean(who)) for who in {each.who for each in self._said}), default=0
        )
        names = min(longest, LONGEST_NAME)
        if (width, names) != (self._width, self._name_width):
            self._width, self._name_width = width, names
            self._wrapped.clear()
        wrapped: dict[tuple[Said, bool], list[Strip]] = {}
        self._lines, self._first_lines = [], {}
        before = None
        for each in self._said:
            key = (each, each.who != before)
            before = each.who
            wrapped[key] = self._wrapped.get(key) or self._wrap(each, named=key[1])
            self._first_lines[each.id] = len(self._lines)
            self._lines += wrapped[key]
        self._wrapped = wrapped
        follows = self._at_end
        self.virtual_size = Size(width, len(self._lines))
        if follows:
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
            self._at_end = True
        self.refresh()

    def _wrap(self, said: Said, *, named: bool) -> list[Strip]:
        name_width = self._name_width
        margin = TIME_WIDTH + name_width + 2
        colours = ink.voice(said.leg)
        who = ink.cut(said.who if named else "", name_width, f"bold {colours.name}")
        who.pad_right(name_width - who.cell_len + 2)
        first = Text.assemble((f"{clock(int(said.start)):>{TIME_WIDTH - 2}}  ", ink.FAINT), who)
        console = self.app.console
        strips = []
        lines = [*said.drawn().wrap(console, self._width - margin)]
        if said.translation:
            translated = ink.text(said.translation.strip(), f"italic {ink.DIM}")
            lines += translated.wrap(console, self._width - margin)
        for number, line in enumerate(lines):
            line.rstrip()
            whole = Text.assemble(Text(" " * margin) if number else first, line)
            segments = [each for each in whole.render(console) if each.text]
            strips.append(Strip(segments, whole.cell_len))
        return strips

    def render_line(self, y: int) -> Strip:
        """Return one line of what is in sight."""
        at = y + self.scroll_offset.y
        if at >= len(self._lines):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._lines[at].extend_cell_length(self.size.width)
        return strip.crop(0, self.size.width).apply_style(self.rich_style)
