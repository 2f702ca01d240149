"""Text that is drawn anew only when it has changed: a line over ssh is not for nothing."""

from __future__ import annotations

from rich.text import Text
from textual.widgets import Static

from voicectl.tui.height import Grows


class Told(Static, Grows):
    """A piece of text of which the latest is told again and again."""

    _now: Text | None = None

    def tell(self, content: Text) -> None:
        """Show it."""
        # Rich takes texts for equal whatever their colour as a whole is.
        if self._now != content or self._now.style != content.style:
            self._now = content
            self.update(content)
