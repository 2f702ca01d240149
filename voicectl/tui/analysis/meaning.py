"""What is known of the meaning of a call: so far while it goes on, or by the recipe after it."""

from __future__ import annotations

from dataclasses import dataclass

from voicectl.live import LiveAnalysis, LiveCall
from voicectl.printable import clock
from voicectl.tui.board import Board
from voicectl.types import CallRecord


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a call is about, as far as it is known."""

    labels: tuple[tuple[str, float], ...] = ()
    """Categories, the surest first, and how sure: 0 to 1."""
    moved: str = ""
    """How the surest one changed while the call went on."""
    risks: tuple[tuple[str, str], ...] = ()
    """Urgent words, and of which list they are."""
    summary: tuple[tuple[str, bool], ...] = ()
    """Sentences, and whether all of each was said."""
    found: tuple[tuple[str, str], ...] = ()
    """Names, numbers and the like: what each is, and the words."""
    still: str = ""
    """Why there is nothing more; one sentence."""

    @property
    def empty(self) -> bool:
        """True when nothing is known."""
        return not (self.labels or self.risks or self.summary or self.found)

    @property
    def category(self) -> str:
        """The surest one."""
        return self.labels[0][0] if self.labels else ""

    @property
    def urgent(self) -> tuple[str, ...]:
        """The lists of which urgent words were said, each once."""
        return tuple(dict.fromkeys(kind for _, kind in self.risks))


def of_record(record: CallRecord) -> Meaning:
    """Return what a recipe has found in a call."""
    sentences = record.summary.sentences if record.summary else ()
    steps = ", ".join(step.stage for step in record.done)
    found = Meaning(
        labels=tuple((label.name, label.score) for label in record.labels),
        risks=tuple(dict.fromkeys((risk.text, risk.kind) for risk in record.risks)),
        summary=tuple((each.text, not each.unsupported) for each in sentences),
        found=tuple(dict.fromkeys((each.label, each.text) for each in record.entities)),
    )
    if found.empty:
        return Meaning(still=f"Nothing was found by the steps of the recipe: {steps or 'none'}.")
    return found


def of_analysis(analysis: LiveAnalysis) -> Meaning:
    """Return what was found in a call so far."""
    moves = [f"{clock(at.seconds)} {at.category or 'none'}" for at in analysis.history]
    return Meaning(
        labels=tuple((label.name, label.score) for label in analysis.labels),
        moved=" → ".join(moves) if len(moves) > 1 else "",
        risks=tuple(dict.fromkeys((risk.text, risk.kind) for risk in analysis.risks)),
        found=tuple(dict.fromkeys((each.label, each.text) for each in analysis.entities)),
        still=" ".join((f"Read up to {clock(analysis.seconds)}.", *analysis.unable)),
    )


def of_call(board: Board, call: LiveCall) -> Meaning:
    """Return what is known of a call in progress, or of one that is just over."""
    record, analysis = board.record(call.id), board.analysis(call.id)
    if record is not None:
        return of_record(record)
    if analysis is not None:
        return of_analysis(analysis)
    return Meaning(still=_why_nothing(board, call))


def _why_nothing(board: Board, call: LiveCall) -> str:
    if not call.state.final:
        return "Nothing yet."
    if call.job is None:
        return "Nothing: no recipe works on it after the call."
    if board.is_given_up(call.id):
        return f"Nothing was kept; see job {call.job}."
    return f"Job {call.job} works on it."
