"""What was said, turn by turn, whether a call is up or in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from rich.text import Text

from voicectl.live import LiveAnalysis, LiveTurn
from voicectl.printable import clean
from voicectl.tui import ink
from voicectl.types import CallRecord

ENTITY, URGENT = "bold underline", f"bold reverse {ink.RED}"


@dataclass(frozen=True, slots=True)
class Said:
    """One turn of a conversation."""

    id: str
    start: float
    """Seconds since the recording began."""
    who: str
    leg: int
    """Chooses the colours."""
    text: str
    final: bool = True
    suspect: str | None = None
    language: str | None = None
    """Where it is not that of the call."""
    marks: tuple[tuple[int, int, str], ...] = ()
    """Start, end and style of words that stand out; characters inside the text."""
    translation: str = ""

    def drawn(self) -> Text:
        """Return the text in its colours, without any control character."""
        colours = ink.voice(self.leg)
        if not self.final:
            return ink.text(f"{self.text.strip()} …", f"italic {colours.unsure}")
        shown = Text(style=colours.unsure if self.suspect else colours.said)
        shown.append_text(_marked(self.text, self.marks))
        if self.suspect:
            shown.append_text(ink.text(f"  suspect: {self.suspect}", ink.WARM))
        if self.language:
            shown.append_text(ink.text(f"  [{self.language}]", ink.DIM))
        return shown


def _marked(text: str, marks: Iterable[tuple[int, int, str]]) -> Text:
    """Return clean text with its marks, which count characters as they were before."""
    found = [each for each in marks if 0 <= each[0] < each[1] <= len(text)]
    cuts = sorted({0, len(text), *(at for start, end, _ in found for at in (start, end))})
    shown = Text()
    for begin, until in pairwise(cuts):
        styles = [style for start, end, style in found if start <= begin and until <= end]
        shown.append(clean(text[begin:until]), " ".join(styles))
    return shown


def of_turns(
    turns: Iterable[LiveTurn], language: str | None, analysis: LiveAnalysis | None = None
) -> Iterator[Said]:
    """Yield what was told of a call while it goes on, with what was found in it so far."""
    found = _Found.of(analysis)
    for turn in turns:
        yield Said(
            turn.id,
            turn.start,
            turn.speaker or "",
            turn.leg,
            turn.text,
            turn.final,
            turn.suspect,
            turn.language if turn.language != language else None,
            found.marks_in(turn),
            found.translations.get(turn.id, ""),
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """What was found in a call in progress, by its turns."""

    marks: dict[str, list[tuple[int, int, str, str]]]
    """Start, end, style, and the words that were there then."""
    translations: dict[str, str]

    @classmethod
    def of(cls, analysis: LiveAnalysis | None) -> _Found:
        found = cls({}, {})
        if analysis is not None:
            for each in analysis.entities:
                words = (each.start, each.end, ENTITY, each.text)
                found.marks.setdefault(each.turn, []).append(words)
            for risk in analysis.risks:
                words = (risk.start, risk.end, URGENT, risk.text)
                found.marks.setdefault(risk.turn, []).append(words)
            found.translations.update({each.turn: each.text for each in analysis.translation})
        return found

    def marks_in(self, turn: LiveTurn) -> tuple[tuple[int, int, str], ...]:
        """Return those that still stand where they were found: a turn may have changed since."""
        marks = self.marks.get(turn.id, ())
        return tuple(
            (start, end, style) for start, end, style, said in marks if turn.text[start:end] == said
        )


def of_record(record: CallRecord) -> Iterator[Said]:
    """Yield what is known of a call after it, with names, numbers and urgent words marked."""
    transcript = record.transcript
    if transcript is None:
        return
    legs: dict[str, int] = {}
    others = record.translation.segments if record.translation else ()
    translations = {each.segment: each.text for each in others}
    for segment in transcript.segments:
        who = segment.speaker or ""
        if segment.channel is not None:
            legs.setdefault(who, segment.channel)
        yield Said(
            str(segment.id),
            segment.start,
            who,
            legs.setdefault(who, len(legs)),
            segment.text,
            suspect=segment.suspect,
            language=segment.language if segment.language != transcript.language else None,
            marks=_marks(record, segment.id),
            translation=translations.get(segment.id, ""),
        )


def _marks(record: CallRecord, segment: int) -> tuple[tuple[int, int, str], ...]:
    found = [(e.start, e.end, ENTITY) for e in record.entities if e.segment == segment]
    urgent = [(r.start, r.end, URGENT) for r in record.risks if r.segment == segment]
    return (*found, *urgent)
