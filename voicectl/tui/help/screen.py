"""What the keys do, and what the colours mean."""

from __future__ import annotations

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from voicectl.live import CallState
from voicectl.marks import MarkKind
from voicectl.tui import ink, masks
from voicectl.tui.conversation.said import ENTITY, URGENT
from voicectl.tui.marks import shown

KEYS = (
    ("1 2 3 4", "calls, jobs, health, search"),
    ("/", "search what was said"),
    ("↑ ↓  j k", "another call"),
    ("Tab", "to the conversation and back; there ↑ ↓ PgUp PgDn"),
    ("End", "follow what is said again"),
    ("f", "flag the call for all who watch, or take the flag away"),
    ("n", "note something about the call"),
    ("e", "escalate the call: webhooks are told at once"),
    ("l", "listen to the call, if you may, where a sound device is"),
    ("m", "show names and numbers, if you may; that is noted"),
    ("c", "copy the call's id, where the terminal takes it"),
    ("x", "write the conversation to a file in this folder"),
    ("r", "rate a call that is in the store, with a note"),
    ("q", "quit; calls are not affected"),
)
STATES = {
    CallState.RINGING: "it rings",
    CallState.CONNECTED: "the line is open",
    CallState.CONVERSING: "they speak",
    CallState.ON_HOLD: "on hold",
    CallState.TRANSFERRING: "on its way to somebody else",
    CallState.ENDED: "over",
    CallState.ERROR: "broken off",
}


class Help(ModalScreen[None]):
    """A page of help."""

    BINDINGS = [Binding("escape,question_mark,q,enter", "dismiss", "Back")]

    def compose(self) -> ComposeResult:
        """Write the page."""
        with VerticalScroll(id="page"):
            yield Static(_page())


def _page() -> Text:
    page = Text()
    for key, does in KEYS:
        page.append_text(_row(Text(key, f"bold {ink.BRAND}"), does))
    page.append("\n")
    for state, means in STATES.items():
        page.append_text(_row(Text(*ink.MARKS[state]), means))
    flags = Text.assemble(shown.sign([MarkKind.FLAG]), " ", shown.sign([MarkKind.ESCALATION]))
    page.append_text(_row(flags, "flagged; in red: escalated"))
    page.append_text(_row(shown.sign([MarkKind.NOTE]), "something is noted"))
    page.append_text(_row(Text(4 * masks.DOT), "a name or a number, hidden"))
    page.append_text(_row(ink.meter(0.05, 4, ink.voice(0).name), "how loud a leg is"))
    page.append_text(_row(Text("text", f"italic {ink.voice(0).unsure}"), "may still change"))
    page.append_text(_row(Text("text", ENTITY), "a name, a number, a place"))
    page.append_text(_row(Text("text", URGENT), "an urgent word"))
    page.rstrip()
    return page


def _row(sign: Text, means: str) -> Text:
    return Text.assemble(" " * (9 - sign.cell_len), sign, f"  {means}\n")
