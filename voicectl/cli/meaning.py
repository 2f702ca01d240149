"""What a call is taken to mean, as people read it: each statement with where it was said."""

from __future__ import annotations

from collections import Counter

from rich.text import Text

from voicectl.cli import show, statements
from voicectl.cli.languages import NAMES
from voicectl.cli.statements import Statement
from voicectl.types import CallRecord
from voicectl.understanding import Summary

TRANSLATE = "translate"
TRANSLATED = "a recipe may translate before: docs/recipes.md, Calls in other languages"


def rows(record: CallRecord) -> list[tuple[str, Text, str]]:
    """Return of each statement its kind, what it says, and the times of its evidence."""
    said = record.transcript.segments if record.transcript else ()
    starts = {segment.id: show.clock(int(segment.start)) for segment in said}
    return [
        (
            each.kind,
            _worded(each),
            " ".join(dict.fromkeys(starts[at] for at in each.evidence if at in starts)),
        )
        for each in statements.of(record)
        if not each.empty
    ]


def tell(record: CallRecord) -> None:
    """Print it on stdout; nothing when nothing is known."""
    found = rows(record)
    if told := unread(record):
        show.answer()
        show.line(show.text(told, "yellow"))
        show.note(f"  hint: {TRANSLATED}")
    if told := untranslated(record):
        show.answer()
        show.line(show.text(told, "yellow"))
    if not found:
        return
    show.answer()
    kinds = [kind for kind, _, _ in found]
    named = [
        (kind if at == 0 or kinds[at - 1] != kind else "", text, where)
        for at, (kind, text, where) in enumerate(found)
    ]
    show.table(("About it", "Statement", "At"), named)
    if record.summary and record.summary.unsupported:
        show.note(_doubt(record.summary))


def untranslated(record: CallRecord) -> str:
    """Return how much a language model did not translate well enough to be kept; or nothing."""
    lines = len(record.transcript.segments) if record.transcript else 0
    for step in record.done:
        if step.stage == TRANSLATE and step.unread:
            return (
                f"not translated: {len(step.unread)} of {lines} lines; what {step.model} made of "
                "them has other numbers or names, or is no translation"
            )
    return ""


def unread(record: CallRecord) -> str:
    """Return what was not understood, and in which steps; empty where all was.

    Of steps that understand different languages those that miss most are told.
    """
    done = [step for step in record.done if step.stage != TRANSLATE]
    most = max((step.unread for step in done), key=len, default=())
    if not most or record.transcript is None:
        return ""
    steps = ", ".join(step.stage for step in done if step.unread == most)
    segments = record.transcript.segments
    codes = Counter(
        segment.language or record.transcript.language or ""
        for segment in segments
        if segment.id in most
    )
    spoken = ", ".join(NAMES.get(code, code).title() for code, _ in codes.most_common())
    many = len(most)
    one = "its only line" if len(segments) == 1 else "a line"
    which = f"{many} of {len(segments)} lines are" if many > 1 else f"{one} is"
    return f"not understood: {which} {spoken}, which {steps} cannot read"


def _doubt(summary: Summary) -> str:
    """Return how many sentences say what no segment supports, and what became of them."""
    marked = sum(bool(each.unsupported) for each in summary.sentences)
    left_out = summary.unsupported - marked
    told = (f"{marked} marked" if marked else "", f"{left_out} left out" if left_out else "")
    many = f"{summary.unsupported} sentence{'s' if summary.unsupported > 1 else ''}"
    return f"{many} of {summary.model} said what nobody said: {', '.join(filter(None, told))}"


def _worded(each: Statement) -> Text:
    if each.kind == statements.URGENT:
        return Text.assemble(show.text(each.text, "bold red"), show.text(f"  {each.detail}", "dim"))
    if each.kind == statements.SUMMARY and each.detail:
        return Text.assemble(show.text(each.text), show.text(f"  {each.detail}", "yellow"))
    return show.text(each.sentence)
