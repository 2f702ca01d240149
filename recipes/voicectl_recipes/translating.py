"""Which segments of a call are translated, and by whom: text where it can be, else speech."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from voicectl.errors import UsageError
from voicectl.generation import LanguageModel
from voicectl.interfaces import Tools
from voicectl.recognition import Recognizer
from voicectl.translated import TranslatedSegment, Translation
from voicectl.translation import TranslateOptions, Translator, told
from voicectl.types import CallRecord, Segment, Transcript
from voicectl_recipes import masking, spoken
from voicectl_recipes.interpreting import Interpreted

LOOP = "loop"
LOOPS_ABOVE = 2.4
"""Times that a text compresses, as whisper counts it."""


def foreign(transcript: Transcript, options: TranslateOptions) -> dict[str, list[Segment]]:
    """Return what there is to translate, by the language in which it was said.

    Suspect segments are left as they are: a flag on words that perhaps nobody said would be lost.
    """
    found: dict[str, list[Segment]] = {}
    for segment in transcript.segments:
        language = segment.language or transcript.language
        wanted = language != options.target and language in (options.languages or (language,))
        if language and wanted and segment.text.strip() and not segment.suspect:
            found.setdefault(language, []).append(segment)
    return found


def translated(
    index: int, record: CallRecord, transcript: Transcript, options: TranslateOptions, tools: Tools
) -> Translation:
    """Return the translation of a call.

    Raises `UsageError` when nobody knows any of the languages in it, and `RecordingError` when
    the recording cannot be read once more.
    """
    texts: dict[int, TranslatedSegment] = {}
    by: dict[tuple[str, str], None] = {}
    unheard: dict[str, list[Segment]] = {}
    unknown = []
    for language, segments in foreign(transcript, options).items():
        translator = tools.translator(options, language)
        if translator is None:
            unheard[language] = segments
        elif translator.knows(language, options.target):
            texts |= _written(segments, language, translator, options, tools)
            by[translator.info.name, translator.model] = None
        else:
            unknown.append((language, translator.model))
    if unheard:
        heard, model = spoken.translated(index, record, unheard, options, tools)
        texts |= heard
        by[spoken.RUNNER, model] = None
    if unknown and not texts:
        raise _nobody(unknown[0][1], unknown[0][0], options.target)
    ordered = (texts[segment.id] for segment in transcript.segments if segment.id in texts)
    runners, models = (", ".join(dict.fromkeys(each[at] for each in by)) for at in (0, 1))
    return Translation(options.target, tuple(ordered), runners, models)


def _nobody(model: str, source: str, target: str) -> UsageError:
    return UsageError(
        f"the model '{model}' does not translate from '{source}' to '{target}'",
        hint="name another: --set translate.model=FOLDER",
    )


def _written(
    segments: Sequence[Segment],
    language: str,
    translator: Translator,
    options: TranslateOptions,
    tools: Tools,
) -> Mapping[int, TranslatedSegment]:
    texts = [segment.text.strip() for segment in segments]
    found = translator.translate(texts, language, options.target, lambda _: tools.heed())
    return {
        segment.id: TranslatedSegment(segment.id, text, LOOP if loops(text, said) else None)
        for segment, said, text in zip(segments, texts, found, strict=True)
        if text.strip()
    }


def in_order(
    segments: Sequence[Segment],
    found: Mapping[int, Interpreted],
    target: str,
    model: LanguageModel,
) -> Translation:
    """Return what a language model made of segments as the translation of the call."""
    texts = tuple(
        TranslatedSegment(each.id, made.text, LOOP if loops(made.bare, each.text) else None)
        for each in segments
        if (made := found.get(each.id))
    )
    return Translation(target, texts, model.info.name, model.model)


def searched(record: CallRecord, recognizer: Recognizer) -> CallRecord:
    """Return a record with what is found in its translation, besides what is known to be there."""
    if record.translation is None:
        return record
    known = masking.by_segment(record.translated_entities)
    translated = {each.segment for each in record.translation.segments}
    found = [
        each
        for each in recognizer.find(told(record))
        if each.segment in translated
        and not any(k.start <= each.start and each.end <= k.end for k in known[each.segment])
    ]
    every = sorted((*record.translated_entities, *found), key=lambda e: (e.segment, e.start))
    return replace(record, translated_entities=tuple(every))


def loops(text: str, said: str) -> bool:
    """True when a translation repeats itself and what was said did not."""
    return _compresses(text) > LOOPS_ABOVE > _compresses(said)


def _compresses(text: str) -> float:
    raw = text.encode(errors="replace")
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0
