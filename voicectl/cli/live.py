"""`voicectl calls live|follow`: calls in progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from voicectl.cli import show
from voicectl.cli.door import open_door
from voicectl.cli.help import JSON, switch
from voicectl.events import EventKind
from voicectl.live import LiveAlert, LiveAnalysis, LiveCall, LiveTurn, Moment

if TYPE_CHECKING:
    from voicectl.events import Event


def live(
    *,
    ended: Annotated[bool, switch("--ended", help_text="Those just over, too.")] = False,
    json: Annotated[bool, JSON] = False,
) -> None:
    """List the calls in progress."""
    with open_door() as door:
        found = door.live(ended=ended)
        serves = not door.status().on_demand
    columns = ("Call", "Line", "Who", "Age>", "State", "Lang", "Behind>", "About", "Job")
    show.listing(found, columns, _row, nothing="nobody is on a line", json=json)
    if not serves and not json:
        show.note("no calls are taken: the daemon is there on demand only; see: voicectl serve")


def follow(
    call: Annotated[
        str | None,
        typer.Argument(metavar="CALL", help="As `calls live` says. Without it: all of them."),
    ] = None,
    *,
    json: Annotated[bool, JSON] = False,
) -> None:
    """Print what is said in calls in progress, turn by turn, until Ctrl-C.

    With a call it ends with the call.
    """
    story = _Story(alone=call is not None)
    with open_door() as door:
        for together in door.live_news(call):
            for event in together:
                if json:
                    show.answer_json(event, one_line=True)
                else:
                    story.tell(event)
                if call is not None and _is_over(event):
                    return


def _is_over(event: Event) -> bool:
    """Whether nothing more will be told: the last turns come after the call."""
    detail = event.detail or {}
    return event.kind is EventKind.CALL_PROGRESS and detail.get("lag") == 0 and "told" in detail


class _Story:
    """What is told of calls, line by line."""

    def __init__(self, *, alone: bool) -> None:
        self._alone = alone
        """True when it is about one call."""
        self._speakers: dict[tuple[str, str], str] = {}
        self._about: dict[str, str | None] = {}

    def tell(self, event: Event) -> None:
        """Tell of what happened, if it is worth a line."""
        from voicectl import parse

        detail: dict[str, Any] = event.detail or {}
        prefix = f"{event.call}  " if event.call and not self._alone else ""
        match event.kind:
            case EventKind.TRANSCRIPT_TURN:
                self._turn(prefix, parse.plain(detail, LiveTurn))
            case EventKind.CALL_ALERT:
                self._alert(prefix, parse.plain(detail, LiveAlert))
            case EventKind.CALL_ANALYSIS:
                self._analysis(prefix, parse.plain(detail, LiveAnalysis))
            case EventKind.CALL_CONNECTED if self._alone:
                pass
            case kind if kind in _SENTENCES:
                sentence, style = _SENTENCES[kind]
                show.note(f"{prefix}{sentence(detail)}", style)

    def _turn(self, prefix: str, turn: LiveTurn) -> None:
        if not (turn.final and turn.text):
            return
        known, who = self._speakers, turn.speaker or str(turn.leg)
        colour = known.setdefault((prefix, who), show.VOICES[len(known) % len(show.VOICES)])
        line = show.text(f"{prefix}{show.clock(turn.start):>6}  ")
        line.append_text(show.text(f"{who}: ", colour))
        line.append_text(show.text(turn.text, "dim" if turn.suspect else ""))
        if turn.suspect:
            line.append_text(show.text(f"  [suspect: {turn.suspect}]", "yellow"))
        show.line(line)

    def _alert(self, prefix: str, alert: LiveAlert) -> None:
        said = f": {alert.said}" if alert.said else ""
        show.note(f"{prefix}{show.clock(alert.seconds):>6}  ! {alert.text}{said}", "bold red")

    def _analysis(self, prefix: str, analysis: LiveAnalysis) -> None:
        """Tell when it seems to be about something else than before."""
        now = analysis.history[-1] if analysis.history else Moment(0.0, None, 0.0)
        if now.category != self._about.get(prefix):
            self._about[prefix] = now.category
            about = f"{now.category} ({now.score:.2f})" if now.category else "nothing certain"
            show.note(f"{prefix}{show.clock(now.seconds):>6}  about: {about}", "cyan")


_SENTENCES: dict[EventKind, tuple[Callable[[dict[str, Any]], str], str]] = {
    EventKind.CALL_CONNECTED: (lambda call: f"comes in on '{call['line']}'", ""),
    EventKind.CALL_ENDED: (lambda call: f"is over: {call['reason']}", ""),
    EventKind.CALL_FAILED: (
        lambda call: f"'{call['line']}' did not take a call: {call['reason']}",
        "yellow",
    ),
    EventKind.CALL_WARNING: (lambda warning: str(warning["text"]), "yellow"),
    EventKind.CALL_MARKED: (
        lambda marks: f"marked: {', '.join(marks['marked']) or 'no more'}",
        "yellow",
    ),
    EventKind.CALL_ESCALATED: (lambda told: f"is escalated by {told['who']}", "bold red"),
}
"""What is told of some events in one sentence, and in which style."""


def _row(call: LiveCall) -> tuple[str | Text, ...]:
    until = call.ended or datetime.now(UTC)
    return (
        call.id,
        call.line,
        ", ".join(call.legs),
        show.clock((until - call.started).total_seconds()),
        str(call.state).replace("_", " "),
        call.language or "",
        f"{call.lag:.0f} s" if call.lag >= 1 else "",
        _about(call),
        call.job or "",
    )


def _about(call: LiveCall) -> Text:
    about = show.text(call.category or "")
    if call.marked:
        about.append_text(show.text(f" {', '.join(call.marked)}", "yellow"))
    if call.urgent:
        about.append_text(show.text(f" ! {', '.join(call.urgent)}", "bold red"))
    return about
