"""A table of which all rows are told at once."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import DataTable

from voicectl.tui.height import Grows


class Rows(DataTable[Text], Grows):
    """A table that is told all its rows, and is drawn anew when they have changed."""

    def __init__(self, titles: tuple[tuple[str, int | None], ...], place: str) -> None:
        """`titles`: of the columns, with their widths; None takes what it needs."""
        super().__init__(
            cursor_type="row", cursor_foreground_priority="renderable", cell_padding=1, id=place
        )
        self._titles = titles
        self._shown: dict[str, tuple[Text, ...]] = {}

    def on_mount(self) -> None:
        """Name the columns."""
        for title, width in self._titles:
            self.add_column(Text(title), width=width)

    @property
    def chosen(self) -> str | None:
        """The key of the row under the cursor."""
        keys = list(self._shown)
        return keys[self.cursor_row] if 0 <= self.cursor_row < len(keys) else None

    def tell(self, rows: dict[str, tuple[Text, ...]]) -> None:
        """Show the rows; the cursor stays on its own."""
        if rows == self._shown:
            return
        chosen = self.chosen
        self.clear()
        for key, cells in rows.items():
            self.add_row(*cells, key=key)
        self._shown = rows
        if chosen in rows:
            self.move_cursor(row=list(rows).index(chosen), animate=False)
