"""What a language model answered, read strictly: JSON of the right shape, or of no use."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from voicectl import parse
from voicectl.understanding import Sentence
from voicectl_recipes.template import Template

LARGEST = 64 * 1024
"""Bytes of an answer that is looked at."""
LONGER = 3
"""So many times what was asked for is endless."""
WORDS_IN_A_ROW = 3
LOOP = 4
"""A sentence that says the same words so often turns in circles."""
TELLING = 4
"""Words from which on the same words in two languages are no coincidence."""
NAMED = 8
"""Ids that a model is told of at once."""
ECHOES = ("...", "ids", "string", "text", "one sentence", "the sentence")
"""What stands in the question where a sentence would stand in an answer."""


class Unusable(Exception):
    """The answer is of no use; says why, in words that the model is told."""


class _Sentence(msgspec.Struct, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=10_000)]
    segments: Annotated[list[int], Meta(max_length=1000)]


class _Answer(msgspec.Struct, forbid_unknown_fields=True):
    sentences: Annotated[list[_Sentence], Meta(max_length=1000)]


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    id: int
    text: Annotated[str, Meta(max_length=10_000)]


class _Texts(msgspec.Struct, forbid_unknown_fields=True):
    texts: Annotated[list[_Text], Meta(max_length=1000)]


Form = TypeVar("Form", _Answer, _Texts)


def sentences(answer: str, template: Template, instruction: str) -> tuple[Sentence, ...]:
    """Return the sentences of an answer with the ids that they name, true or not.

    Raises `Unusable` for what is no JSON, of another shape, empty, endless, or an echo of
    the question.
    """
    found = [
        Sentence(text, tuple(dict.fromkeys(each.segments)))
        for each in _read(answer, _Answer).sentences
        if (text := " ".join(_printable(each.text).split()))
    ]
    if not found:
        raise Unusable("it has no sentence")
    once = tuple({each.text.casefold(): each for each in reversed(found)}.values())[::-1]
    for each in once:
        _check(each.text, template, instruction)
    if len(once) > LONGER * template.sentences:
        raise Unusable(f"it has {len(once)} sentences, at most {template.sentences} are wanted")
    return once[: template.sentences]


def texts(answer: str, asked: Mapping[int, str]) -> dict[int, str]:
    """Return the translations of an answer by their ids; `asked` is what was to be translated.

    Raises `Unusable` for what is no JSON, of another shape, endless, not exactly one text for
    each id, empty, or what was asked once more.
    """
    found = [
        (each.id, " ".join(_printable(each.text).split())) for each in _read(answer, _Texts).texts
    ]
    ids = Counter(id_ for id_, _ in found)
    for ours, wrong in (
        ([id_ for id_ in asked if id_ not in ids], "it has no text for"),
        ([id_ for id_ in ids if id_ not in asked], "it has a text for unknown"),
        ([id_ for id_, times in ids.items() if times > 1], "it has several texts for"),
        ([id_ for id_, text in found if not re.search(r"\w", text)], "it has no words for"),
    ):
        if ours:
            raise Unusable(f"{wrong} id {', '.join(map(str, ours[:NAMED]))}")
    by_id = dict(found)
    telling = [id_ for id_, said in asked.items() if len(_words_of(said).split()) >= TELLING]
    if len(telling) > 1 and all(echoes(by_id[id_], asked[id_]) for id_ in telling):
        raise Unusable("it says the same in the same language, a translation is wanted")
    return by_id


def echoes(text: str, said: str) -> bool:
    """True when a translation of several words is what was said."""
    words = _words_of(said)
    return len(words.split()) >= TELLING and _words_of(text) == words


def _read(answer: str, form: type[Form]) -> Form:
    if len(answer) > LARGEST:
        raise Unusable("it has no end")
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start:
        raise Unusable("it is not JSON")
    try:
        return parse.json(answer[start : end + 1].encode(), form)
    except msgspec.ValidationError as error:
        # What the error says may be words of the call.
        raise Unusable("it has another shape than the one that was asked for") from error
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise Unusable("it is not JSON") from error


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)


def _check(text: str, template: Template, instruction: str) -> None:
    words = re.findall(r"\w+", text.casefold())
    if not words:
        raise Unusable("it has a sentence without a word")
    if len(words) > LONGER * template.words:
        raise Unusable(f"it has a sentence of {len(words)} words, {template.words} are wanted")
    rows = Counter(zip(*(words[at:] for at in range(WORDS_IN_A_ROW)), strict=False))
    if rows and rows.most_common(1)[0][1] >= LOOP:
        raise Unusable("it says the same again and again")
    said = " ".join(words)
    if text.casefold().strip(" .") in ECHOES or (
        len(words) > WORDS_IN_A_ROW and said in _words_of(instruction)
    ):
        raise Unusable("it repeats the question")


def _words_of(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
