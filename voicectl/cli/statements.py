"""What is said about a call, one statement at a time, each with the segments it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voicectl.types import CallRecord
from voicectl.understanding import Evidence, Verdict

URGENT, CATEGORY, SUMMARY, QUALITY, FOUND = "urgent", "category", "summary", "quality", "found"
UNSAID = (Verdict.NOT_ASSESSED, Verdict.NOT_APPLICABLE)
"""Verdicts that tell nothing about the call."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One of them."""

    kind: str
    names: tuple[str, ...]
    """What people call it, the first one most of all."""
    text: str
    evidence: Evidence
    detail: str = ""
    """What follows the text, less important: `weapon`, `82 %`."""
    quotes: tuple[str, ...] = ()
    """Words inside its segments that it is about."""
    empty: bool = False
    """True for a question to which there is no answer."""

    @property
    def sentence(self) -> str:
        """All of it on one line."""
        return "  ".join(part for part in (self.text, self.detail) if part)


def of(record: CallRecord) -> Iterator[Statement]:
    """Yield the statements about a call: what is urgent first, what was merely found last."""
    for risk in record.risks:
        names = (risk.kind, risk.text)
        yield Statement(URGENT, names, risk.text, (risk.segment,), risk.kind, (risk.text,))
    for label in record.labels:
        sure = f"{100 * label.score:.0f} %"
        yield Statement(CATEGORY, (label.name,), label.name, label.evidence, sure)
    for at, sentence in enumerate(record.summary.sentences if record.summary else (), 1):
        missing = ", ".join(sentence.unsupported)
        doubt = f"(nobody said: {missing})" if missing else ""
        yield Statement(SUMMARY, (f"summary {at}",), sentence.text, sentence.evidence, doubt)
    for score in record.scores:
        said = f"{score.name}: {score.verdict}"
        yield Statement(QUALITY, (score.name,), said, score.evidence, empty=score.verdict in UNSAID)
    yield from _entities(record)


def _entities(record: CallRecord) -> Iterator[Statement]:
    """Yield what was found, the same name in several places once."""
    found: dict[tuple[str, str], list[int]] = {}
    for entity in record.entities:
        found.setdefault((entity.label, entity.text), []).append(entity.segment)
    for (label, text), segments in found.items():
        kind = label.lower()
        evidence = tuple(dict.fromkeys(segments))
        yield Statement(FOUND, (text, kind), text, evidence, kind, (text,))
