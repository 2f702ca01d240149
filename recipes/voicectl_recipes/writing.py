"""A summary that a language model puts into words, of masked text where there is one, checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from voicectl.errors import RunnerFailed
from voicectl.generation import LanguageModel, Prompt
from voicectl.recognition import Recognizer
from voicectl.types import CallRecord, Segment
from voicectl.understanding import Sentence, Summary
from voicectl_recipes import answers, claims, masking, prompting, redaction
from voicectl_recipes.said import transcript
from voicectl_recipes.template import Template

REPAIRS = 2
"""How often a model may try again after an answer that cannot be used."""
QUOTED = 400
"""Characters of a bad answer that the model is shown again."""
FOUND_BY = "entities"
"""The step that finds what is masked."""
Found = TypeVar("Found")
LONG_NUMBER = re.compile(r"\d(?:[\s.-]?\d){5,}")
"""Digits in a row that leave in no form, found or not."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a model may know of a call."""

    segments: tuple[Segment, ...]
    originals: dict[str, str]
    """What was said in place of each placeholder."""
    masked: bool

    def restored(self, sentence: Sentence) -> Sentence:
        """Return a sentence with what was said in place of placeholders."""
        text = masking.PLACEHOLDER.sub(
            lambda found: self.originals.get(found[0], found[0]), sentence.text
        )
        return replace(sentence, text=text)


def shown(record: CallRecord) -> Shown:
    """Return what a model may know: suspect segments never, and of entities only placeholders.

    Names are masked as the step `redact` masks them, as soon as the step `entities` was taken.
    """
    said = transcript(record, "summarize").segments
    originals = dict[str, str]()
    if masked := any(done.stage == FOUND_BY for done in record.done):
        said, originals = redaction.without_names(record)
    kept = tuple(each for each in said if each.text.strip() and not each.suspect)
    return Shown(kept, originals, masked=masked)


def written(
    call: Shown,
    question: Prompt,
    template: Template,
    model: LanguageModel,
    heed: Callable[[], None],
) -> tuple[Sentence, ...]:
    """Return the sentences that a model writes, unchecked.

    Raises `RunnerFailed` when no answer can be used, and what `heed` raises.
    """
    if model.info.leaves_premises:
        question = leaving(call, question)

    def read(answer: str) -> tuple[Sentence, ...]:
        found = answers.sentences(answer, template, question.instruction)
        _check_length(found, call.segments, template)
        return found

    return tuple(map(call.restored, asked(question, model, read, heed)))


def asked(
    question: Prompt, model: LanguageModel, read: Callable[[str], Found], heed: Callable[[], None]
) -> Found:
    """Return what `read` makes of an answer; a model may try again when that is `Unusable`.

    Raises `RunnerFailed` when no answer can be used, and what `heed` raises.
    """
    tries: list[tuple[str, str]] = []
    while True:
        answer = model.answer(replace(question, tries=tuple(tries)), heed)
        try:
            return read(answer)
        except answers.Unusable as error:
            if len(tries) == REPAIRS:
                raise RunnerFailed(
                    f"the model '{model.model}' gave no answer that can be used: {error}"
                ) from error
            wrong = (
                f"This answer cannot be used: {error}. Answer again, with JSON and nothing else."
            )
            tries.append((prompting.plain(answer[:QUOTED]), wrong))


def leaving(call: Shown, question: Prompt) -> Prompt:
    """Return the question as it may leave. Raises `RunnerFailed` where names are not masked."""
    if not call.masked:
        raise RunnerFailed("nothing is sent: nobody looked for names before")
    return replace(question, material=LONG_NUMBER.sub("[NUMBER]", question.material))


def _check_length(
    found: Sequence[Sentence], segments: Sequence[Segment], template: Template
) -> None:
    """Refuse what is no shorter than the call, where that is long enough to be shortened."""
    call = sum(len(each.text.split()) for each in segments)
    length = sum(len(each.text.split()) for each in found)
    if call > template.sentences * template.words and length > call / 2:
        raise answers.Unusable("it repeats the call, a summary is wanted")


def supported(
    found: Sequence[Sentence],
    record: CallRecord,
    recognizer: Recognizer,
    model: str,
    *,
    drop: bool,
) -> Summary:
    """Return the summary with what nobody said marked or, with `drop`, left out; all is counted."""
    said = transcript(record, "summarize").segments
    sure = [each for each in said if not each.suspect]
    checked = claims.checked(found, sure, recognizer)
    bad = sum(bool(each.unsupported) for each in checked)
    kept = tuple(each for each in checked if not (drop and each.unsupported))
    return Summary(kept, model, bad)
