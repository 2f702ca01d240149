"""What a call is taken to mean, as people read it: each statement with where it was said."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from voicectl.cli import show
from voicectl.types import CallRecord
from voicectl.understanding import Evidence, Verdict

UNSAID = (Verdict.NOT_ASSESSED, Verdict.NOT_APPLICABLE)
"""Verdicts that tell nothing about the call."""


def rows(record: CallRecord) -> list[tuple[str, Text, str]]:
    """Return of each statement its kind, what it says, and the times of its evidence."""
    said = record.transcript.segments if record.transcript else ()
    starts = {segment.id: show.clock(int(segment.start)) for segment in said}
    return [
        (kind, text, " ".join(dict.fromkeys(starts[each] for each in evidence if each in starts)))
        for kind, text, evidence in _statements(record)
    ]


def tell(record: CallRecord) -> None:
    """Print it on stdout; nothing when nothing is known."""
    found = rows(record)
    if not found:
        return
    show.answer()
    kinds = [kind for kind, _, _ in found]
    named = [
        (kind if at == 0 or kinds[at - 1] != kind else "", text, where)
        for at, (kind, text, where) in enumerate(found)
    ]
    show.table(("About it", "Statement", "At"), named)


def _statements(record: CallRecord) -> Iterator[tuple[str, Text, Evidence]]:
    for risk in record.risks:
        words = Text.assemble(show.text(risk.text, "bold red"), show.text(f"  {risk.kind}", "dim"))
        yield "urgent", words, (risk.segment,)
    for label in record.labels:
        yield "category", show.text(f"{label.name}  {100 * label.score:.0f} %"), label.evidence
    for sentence in record.summary.sentences if record.summary else ():
        yield "summary", show.text(sentence.text), sentence.evidence
    for score in record.scores:
        if score.verdict not in UNSAID:
            yield "quality", show.text(f"{score.name}: {score.verdict}"), score.evidence
    found: dict[tuple[str, str], list[int]] = {}
    for entity in record.entities:
        found.setdefault((entity.label, entity.text), []).append(entity.segment)
    for (kind, name), segments in found.items():
        yield "found", show.text(f"{name}  {kind.lower()}"), tuple(segments)
