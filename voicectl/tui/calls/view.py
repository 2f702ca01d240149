"""The view that supervisors look at: calls, and the conversation of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from voicectl.live import LiveAlert, LiveCall
from voicectl.marks import Mark
from voicectl.printable import clock
from voicectl.tui import ink, masks
from voicectl.tui.analysis import meaning
from voicectl.tui.analysis.panel import Analysis
from voicectl.tui.board import Board
from voicectl.tui.calls.table import WIDE_FROM, CallTable
from voicectl.tui.conversation import said
from voicectl.tui.conversation.view import Conversation
from voicectl.tui.marks.shown import sentences
from voicectl.tui.told import Told


class CallsView(Vertical):
    """Calls, one conversation, and what it means."""

    def compose(self) -> ComposeResult:
        """Lay out the regions."""
        yield CallTable(place="calls")
        with Horizontal(id="chosen"):
            with Vertical(id="talk"):
                yield Told(id="about")
                yield Conversation(place="conversation")
            yield Analysis(place="analysis")
        yield Told(id="nobody")

    def tell(self, board: Board, now: datetime, width: int) -> None:
        """Show what the board knows."""
        calls = board.calls()
        self.set_class(not calls, "-empty")
        self.set_class(width >= WIDE_FROM, "-wide")
        if not calls:
            self.query_one("#nobody", Told).tell(_nobody(board))
            return
        table = self.query_one(CallTable)
        table.tell([(call, meaning.of_call(board, call)) for call in calls], now, width)
        call = board.call(table.chosen)
        if call is not None:
            self._tell_call(board, call, wide=width >= WIDE_FROM)

    def _tell_call(self, board: Board, call: LiveCall, *, wide: bool) -> None:
        record = board.record(call.id)
        analysis = board.analysis(call.id)
        shown, marks = board.is_shown(call.id), board.marks(call.id)
        after = record is not None and record.transcript is not None
        if record is not None and after:
            known, turns = masks.of_record(record), said.of_record(record)
        else:
            known = masks.of_analysis(analysis)
            turns = said.of_turns(board.turns(call.id), call.language, analysis)
        mask = masks.SHOWN if shown else known
        about = _about(call, after=after, shown=shown)
        if board.playing == call.id:
            about.append("  ♪ playing", f"bold {ink.BRAND}")
        about.append_text(_troubles(call, board.alerts(call.id), () if wide else marks))
        self.query_one("#about", Told).tell(about)
        self.query_one(Conversation).tell(call.id, mask.conversation(turns))
        found = mask.meaning(meaning.of_call(board, call))
        self.query_one(Analysis).tell(found, marks, wide=wide)

    @property
    def chosen(self) -> str | None:
        """The id of the call that is looked at."""
        return self.query_one(CallTable).chosen


def _about(call: LiveCall, *, after: bool, shown: bool) -> Text:
    """Return which call it is, and how it is shown."""
    facts = [call.id, call.line, str(call.state).replace("_", " ")]
    if call.reason:
        facts.append(call.reason)
    if after:
        facts.append("as heard again after the call")
    elif call.state.final and not call.told:
        facts.append("what is left is still being heard")
    about = Text.assemble(
        ink.mark(call), " ", ink.text(" · ".join(facts), ink.DIM), overflow="ellipsis", no_wrap=True
    )
    if not after:
        about.append_text(Text("  ")).append_text(ink.lag(call.lag))
    if shown:
        about.append_text(ink.text("  unmasked", f"bold {ink.WARM}"))
    return about


def _troubles(call: LiveCall, alerts: Sequence[LiveAlert], marks: Sequence[Mark]) -> Text:
    """Return what is wrong with a call, and what was noted about it, as far as there is room."""
    told = [ink.text(each, ink.WARM) for each in call.warnings]
    told += [ink.text(f"{each.text} ({clock(each.seconds)})", f"bold {ink.RED}") for each in alerts]
    noted = [*sentences(marks[-2:])]
    troubles = Text()
    for sentence in (
        *told[-2:-1] * (not noted),
        *told[-1:],
        *noted[-2:-1] * (not told),
        *noted[-1:],
    ):
        troubles.append("\n").append_text(sentence)
    return troubles


def _nobody(board: Board) -> Text:
    """Return what to do when there is nothing to see."""
    if board.away:
        why = ink.text(board.away.text, ink.DIM)
        return Text.assemble(why, "\n\n", ink.text(board.away.hint, f"bold {ink.BRAND}"))
    if board.house is None:
        return Text("connecting …", ink.DIM)
    told = Text.assemble(("Nobody is on a line.", "bold"), "\n\n")
    listening = [
        f"{each.name} on {each.host}:{each.port}" for each in board.house.lines if each.port
    ]
    if listening:
        told.append_text(ink.text(f"Calls are taken: {', '.join(listening)}", ink.DIM))
        told.append("\n\nTry one with a recording:\n\n", ink.DIM)
        told.append("voicectl sim call FILE", f"bold {ink.BRAND}")
    else:
        told.append("No line takes calls. Give it one in voicectl.toml:\n\n", ink.DIM)
        told.append('[[listen]]\nname = "pbx"', f"bold {ink.BRAND}")
        told.append("\n\nthen: ", ink.DIM).append("voicectl serve", f"bold {ink.BRAND}")
    return told
