"""Asks for one line of text, in front of everything else."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from voicectl.tui import ink

T = TypeVar("T")


class Question(ModalScreen[T | None], Generic[T]):
    """One line; what it means is for those who ask."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Back")]

    def __init__(self, question: str, example: str, enter: str) -> None:
        """`enter`: what Enter does."""
        super().__init__()
        self._question, self._example, self._enter = question, example, enter

    def compose(self) -> ComposeResult:
        """Ask."""
        with Vertical(id="asking"):
            yield Static(ink.text(self._question))
            given = Input(placeholder=self._example, id="given")
            given.cursor_blink = False  # each time is a message over ssh
            yield given
            yield Static(ink.text(f"Enter {self._enter}, Escape does not", ink.DIM))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, if it means something."""
        event.stop()
        found = self.read(event.value.strip())
        if found is not None:
            self.dismiss(found)

    def read(self, text: str) -> T | None:
        """Return what a line means; None when it means nothing, which is told."""
        raise NotImplementedError  # a screen has a metaclass of its own, and cannot be an ABC
