"""A height that follows the content, on slow machines too."""

from __future__ import annotations

from typing import Self

from textual.geometry import Region
from textual.widget import Widget


class Grows(Widget):
    """Base of what takes the height (`height: auto`) that its content needs.

    Textual keeps the size of a widget until the widget asks for a layout anew; asking twice
    before its turn counts as once. When the screen is laid out between the two, the size that
    was kept is that of the content before, and stays: a table without rows, a warning cut off.
    So what was kept is forgotten each time. The last base of a class: styles are inherited
    along the first.
    """

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Ask to be drawn anew, and with `layout` for the room that is needed now."""
        if layout:
            self._box_model_cache.clear()
        super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        return self
