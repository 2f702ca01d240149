"""A call's record without the names and numbers that were found in it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from voicectl.errors import UsageError
from voicectl.translated import TranslatedSegment, Translation
from voicectl.translation import told
from voicectl.types import CallRecord, Segment
from voicectl.understanding import Entity, Risk, Sentence
from voicectl_recipes import masking, retold, spoken
from voicectl_recipes.fields import cleaned
from voicectl_recipes.masking import Hidden, Placeholders
from voicectl_recipes.said import transcript

WORD = re.compile(r"[^\W_]+")
TELLING = 6
"""Letters and digits from which on several words, said once more, are the same thing."""
DIGITS = 4
"""As many digits are."""
LONG = 4
"""Letters of a word of an entity that may not stand in a sentence that nobody said."""
SHORT = 3
"""Letters of a word of somebody's name there."""
NUMBER = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){5,}")
"""Six digits and more, which were said as words: a sentence that nobody said may write them."""
SCORE = 0.5
"""Of what was found only because it was found elsewhere."""


def redacted(record: CallRecord, labels: Collection[str] = ()) -> CallRecord:
    """Return a record in which nothing that was found is left; with `labels` only of those kinds.

    Masked are text, words, entities, risks, summary and translation, each where it was found, and
    every other text that is not known to hold no word of the call. Raises `UsageError` when an
    entity or a risk is not where it was found.
    """
    said = transcript(record, "redact")
    two = _Two(record, labels)
    mask, summary = two.mask, record.summary
    if summary is not None:
        summary = replace(summary, sentences=tuple(map(two.sentence, summary.sentences)))
    masked = replace(
        record,
        transcript=replace(said, segments=mask.segments),
        entities=tuple(mask.entity(each) for each in two.entities),
        risks=tuple(mask.risk(each) for each in record.risks),
        summary=summary,
        translation=two.translation,
        translated_entities=two.translated_entities,
    )
    return cleaned(masked, two.without_words)


def without_names(record: CallRecord) -> tuple[tuple[Segment, ...], dict[str, str]]:
    """Return what was said as it is masked, and what each placeholder stands for.

    Raises `UsageError` as `redacted` does.
    """
    mask = _Two(record, ()).mask
    return mask.segments, mask.originals


class _Two:
    """A call and its translation, each masked with what was found in either; see `retold`."""

    def __init__(self, record: CallRecord, labels: Collection[str]) -> None:
        said, other = transcript(record, "redact").segments, told(record)
        _check_places(said, (*record.entities, *record.risks))
        _check_places(other, record.translated_entities)
        sought, there = (
            [each for each in found if not labels or each.label in labels]
            for found in (record.entities, record.translated_entities)
        )
        placeholders = Placeholders()
        again = _elsewhere(said, sought, there)
        self.entities = _in_order((*record.entities, *again))
        self.mask = _Mask(said, [*sought, *again], placeholders)
        self._record = record
        translated = {each.segment for each in _translated(record)}
        same = [each for each in (*sought, *again) if each.segment not in translated]
        more = [each for each in _elsewhere(other, there, sought) if each.segment in translated]
        self._others = _in_order((*record.translated_entities, *more))
        self._other = _Mask(other, [*there, *more, *same], placeholders)
        whole = {
            placeholders.of(each.label, each.text)
            for each in (*sought, *again)
            if retold.in_parts(each)
        }
        others = [segment for segment in self._other.segments if segment.id in translated]
        gone = retold.withheld(self.mask.segments, others, whole)
        if record.translation and spoken.RUNNER in record.translation.runner:
            gone = _with_neighbours(gone, [each for each in said if each.id in translated])
        self._gone = gone

    @property
    def translation(self) -> Translation | None:
        """What may be told of the translation."""
        if self._record.translation is None:
            return None
        texts = {segment.id: segment.text for segment in self._other.segments}
        kept = [each for each in _translated(self._record) if each.segment not in self._gone]
        segments = tuple(replace(each, text=texts[each.segment]) for each in kept)
        return replace(self._record.translation, segments=segments)

    @property
    def translated_entities(self) -> tuple[Entity, ...]:
        """What was found in it."""
        kept = (each for each in self._others if each.segment not in self._gone)
        return tuple(self._other.entity(each) for each in kept)

    def sentence(self, sentence: Sentence) -> Sentence:
        """Return a sentence of a summary, in whichever language it was picked.

        One that nobody said loses every word of an entity.
        """
        mask, other = self.mask, self._other
        text, retold_text = mask.placed(sentence), other.placed(sentence)
        if text is None and retold_text is not None:
            unsafe = self._gone & set(sentence.evidence)
            text = mask.said(sentence.evidence) if unsafe else retold_text
        if text is None:
            text = self.without_words(sentence.text)
        unsupported = tuple(map(self.without_words, sentence.unsupported))
        return replace(sentence, text=text, unsupported=unsupported)

    def without_words(self, text: str) -> str:
        """Return a text that nobody said without every word of an entity."""
        return self._other.without_words(self.mask.without_words(text))


def _translated(record: CallRecord) -> tuple[TranslatedSegment, ...]:
    return record.translation.segments if record.translation else ()


def _with_neighbours(gone: Collection[int], segments: Sequence[Segment]) -> frozenset[int]:
    """Return segments with all that may have been heard with them: words may stand in those."""
    together = ({each.id for each in unit} for unit in spoken.units(segments))
    return frozenset[int]().union(*(unit for unit in together if unit & set(gone)))


def _in_order(entities: Iterable[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda each: (each.segment, each.start))


def _elsewhere(
    segments: Sequence[Segment], here: Sequence[Entity], there: Sequence[Entity]
) -> list[Entity]:
    """Return where else in segments is what was found in them, or in their translation."""
    again = list(_again(segments, here, [*here, *there]))
    return [*again, *retold.across(there, segments, [*here, *again])]


class _Mask:
    """What is hidden in a call, and where that leaves everything else."""

    def __init__(
        self, segments: Sequence[Segment], entities: Sequence[Entity], placeholders: Placeholders
    ) -> None:
        self._placeholders = placeholders
        self._entities = masking.by_segment(entities)
        self._phrases = [each for each in entities if len(_words(each.text)) > 1]
        self._as_said = {segment.id: segment for segment in segments}
        self.segments = masking.mask_segments(segments, entities, self._placeholders)
        self._masked = {segment.id: segment for segment in self.segments}
        self._hidden: dict[int, list[Hidden]] = {
            segment.id: masking.hidden(segment.text, self._entities[segment.id], self._placeholders)
            for segment in segments
        }

    @property
    def originals(self) -> dict[str, str]:
        """What was said in place of each placeholder, where it was said first."""
        found: dict[str, str] = {}
        for id_, hidden in self._hidden.items():
            for start, end, name in hidden:
                found.setdefault(name, self._as_said[id_].text[start:end].strip())
        return found

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

    def said(self, segments: Sequence[int]) -> str:
        """Return what some segments say, masked."""
        return " ".join(self._masked[each].text.strip() for each in segments)

    def placed(self, sentence: Sentence) -> str | None:
        """Return a sentence of a summary; None when nobody said it here."""
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
            return None
        inside = [
            replace(each, start=each.start - at, end=each.end - at)
            for at in places
            for each in spans
        ]
        return masking.mask(sentence.text, (), inside, self._placeholders)[0]

    def without_words(self, text: str) -> str:
        """Return a text without entities as they were said and, else, without their words."""
        of = self._placeholders.of
        for each in sorted(self._phrases, key=lambda each: -len(each.text)):
            text = _bounded(each.text).sub(of(each.label, each.text), text)
        pieces = masking.PLACEHOLDER.split(text)
        kept = [*masking.PLACEHOLDER.findall(text), ""]
        bare = map(self._without_single_words, pieces)
        return "".join(f"{piece}{name}" for piece, name in zip(bare, kept, strict=True))

    def _without_single_words(self, text: str) -> str:
        of = self._placeholders.of
        names = {
            word: of(each.label, each.text)
            for several in self._entities.values()
            for each in several
            for word in _words(each.text)
            if len(word) >= (SHORT if each.label == "NAME" else LONG) or word.isdigit()
        }
        named = [
            (*found.span(), names[found[0].casefold()])
            for found in WORD.finditer(text)
            if found[0].casefold() in names
        ]
        text = masking.masked_text(text, named)
        return NUMBER.sub(lambda number: of("PHONE", number[0]), text)


def _check_places(segments: Sequence[Segment], found: Sequence[Entity | Risk]) -> None:
    """Refuse to mask where the segments were changed since: a name would be left standing."""
    texts = {segment.id: segment.text for segment in segments}
    for each in found:
        if texts.get(each.segment, "")[each.start : each.end] != each.text:
            raise UsageError(
                "the segments changed after something was found in them",
                hint="in the recipe, put entities and risk after the steps transcribe and diarize",
            )


def _again(
    segments: Sequence[Segment], here: Sequence[Entity], entities: Sequence[Entity]
) -> Iterator[Entity]:
    """Yield where else the words of an entity are said: a number is repeated without its cue.

    `here` are those of them that were found in these segments.
    """
    sought = defaultdict[str, dict[tuple[str, ...], str]](dict)
    for each in entities:
        if _telling(words := _words(each.text)):
            sought[words[0]].setdefault(words, each.label)
    known = masking.by_segment(here)
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


def _bounded(phrase: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(phrase.strip())}(?!\w)", re.IGNORECASE)


def _telling(words: Sequence[str]) -> bool:
    """Tell whether words mean the same wherever they stand; a single name may be a word, too."""
    together = "".join(words)
    digits = sum(letter.isdigit() for letter in together)
    return digits >= DIGITS or (len(words) > 1 and len(together) >= TELLING)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.casefold() for word in WORD.findall(text))
