"""A call's record without the names and numbers that were found in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from voicectl.errors import UsageError
from voicectl.types import CallRecord, Segment
from voicectl.understanding import Entity, Risk, Sentence
from voicectl_recipes import masking
from voicectl_recipes.masking import Hidden, Placeholders
from voicectl_recipes.said import transcript

WORD = re.compile(r"[^\W_]+")
TELLING = 6
"""Letters and digits from which on several words, said once more, are the same thing."""
DIGITS = 4
"""As many digits are."""
LONG = 4
"""Letters of a word of an entity that may not stand in a sentence that nobody said."""
SCORE = 0.5
"""Of what was found only because it was found elsewhere."""


def redacted(record: CallRecord, labels: Collection[str] = ()) -> CallRecord:
    """Return a record in which nothing that was found is left; with `labels` only of those kinds.

    Masked are text, words, entities, risks and the summary. Raises `UsageError` when an
    entity or a risk is not where it was found.
    """
    said = transcript(record, "redact")
    _check_places(said.segments, (*record.entities, *record.risks))
    sought = [each for each in record.entities if not labels or each.label in labels]
    again = list(_again(said.segments, sought))
    mask = _Mask(said.segments, [*sought, *again])
    entities = sorted((*record.entities, *again), key=lambda each: (each.segment, each.start))
    summary = record.summary
    if summary is not None:
        summary = replace(summary, sentences=tuple(map(mask.sentence, summary.sentences)))
    return replace(
        record,
        transcript=replace(said, segments=mask.segments),
        entities=tuple(mask.entity(each) for each in entities),
        risks=tuple(mask.risk(each) for each in record.risks),
        summary=summary,
    )


class _Mask:
    """What is hidden in a call, and where that leaves everything else."""

    def __init__(self, segments: Sequence[Segment], entities: Sequence[Entity]) -> None:
        self._placeholders = Placeholders()
        self._entities = masking.by_segment(entities)
        self._as_said = {segment.id: segment for segment in segments}
        self.segments = masking.mask_segments(segments, entities, self._placeholders)
        self._masked = {segment.id: segment for segment in self.segments}
        self._hidden: dict[int, list[Hidden]] = {
            segment.id: masking.hidden(segment.text, self._entities[segment.id], self._placeholders)
            for segment in segments
        }

    def entity(self, entity: Entity) -> Entity:
        """Return an entity that says what stands in its place."""
        start, end, text = self._moved(entity.segment, entity.start, entity.end)
        return replace(entity, start=start, end=end, text=text)

    def risk(self, risk: Risk) -> Risk:
        """Return a risk in the masked text."""
        start, end, text = self._moved(risk.segment, risk.start, risk.end)
        return replace(risk, start=start, end=end, text=text)

    def _moved(self, segment: int, start: int, end: int) -> tuple[int, int, str]:
        start, end = masking.moved(start, end, self._hidden[segment])
        return start, end, self._masked[segment].text[start:end]

    def sentence(self, sentence: Sentence) -> Sentence:
        """Return a sentence of a summary; one that nobody said loses every word of an entity."""
        joined, spans = "", list[Entity]()
        for id_ in filter(self._as_said.__contains__, sentence.evidence):
            text = self._as_said[id_].text
            shift = len(joined) - (len(text) - len(text.lstrip()))
            spans += [
                replace(each, start=each.start + shift, end=each.end + shift)
                for each in self._entities[id_]
            ]
            joined += f"{text.strip()} "
        places = [found.start() for found in re.finditer(re.escape(sentence.text), joined)]
        if not places:
            return replace(sentence, text=self._without_words(sentence.text))
        inside = [
            replace(each, start=each.start - at, end=each.end - at)
            for at in places
            for each in spans
        ]
        text, _ = masking.mask(sentence.text, (), inside, self._placeholders)
        return replace(sentence, text=text)

    def _without_words(self, text: str) -> str:
        of = self._placeholders.of
        names = {
            word: of(each.label, each.text)
            for several in self._entities.values()
            for each in several
            for word in _words(each.text)
            if len(word) >= LONG or word.isdigit()
        }
        named = [
            (*found.span(), names[found[0].casefold()])
            for found in WORD.finditer(text)
            if found[0].casefold() in names
        ]
        return masking.masked_text(text, named)


def _check_places(segments: Sequence[Segment], found: Sequence[Entity | Risk]) -> None:
    """Refuse to mask where the segments were changed since: a name would be left standing."""
    texts = {segment.id: segment.text for segment in segments}
    for each in found:
        if texts.get(each.segment, "")[each.start : each.end] != each.text:
            raise UsageError(
                "the segments changed after something was found in them",
                hint="in the recipe, put entities and risk after the steps transcribe and diarize",
            )


def _again(segments: Sequence[Segment], entities: Sequence[Entity]) -> Iterator[Entity]:
    """Yield where else the words of an entity are said: a number is repeated without its cue."""
    sought = defaultdict[str, dict[tuple[str, ...], str]](dict)
    for each in entities:
        if _telling(words := _words(each.text)):
            sought[words[0]].setdefault(words, each.label)
    known = masking.by_segment(entities)
    for segment in segments:
        found = list(WORD.finditer(segment.text))
        words = _words(segment.text)
        for at, word in enumerate(words):
            for phrase, label in sought.get(word, {}).items():
                if words[at : at + len(phrase)] != phrase:
                    continue
                start, end = found[at].start(), found[at + len(phrase) - 1].end()
                if not any(each.start <= start and end <= each.end for each in known[segment.id]):
                    text = segment.text[start:end]
                    yield Entity(label, text, segment.id, start, end, SCORE)


def _telling(words: Sequence[str]) -> bool:
    """Tell whether words mean the same wherever they stand; a single name may be a word, too."""
    together = "".join(words)
    digits = sum(letter.isdigit() for letter in together)
    return digits >= DIGITS or (len(words) > 1 and len(together) >= TELLING)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in WORD.findall(text))
