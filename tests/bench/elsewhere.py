"""Names in other languages than English: what is found of them, and what is taken for one.

Sentences of Tatoeba come with their English translation: a word with a capital that both have is
a name, and nobody had to mark it. A name that is translated (Londres, Marie) is not seen as one
and counts as found for nothing: precision is higher than it looks. Rules were tuned on the lines
of odd number; the others are only reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from corpus import SHARED
from report import Section, arguments, models

from voicectl.types import Segment
from voicectl_models.entities.find import in_call
from voicectl_models.entities.ordinary import ordinary

LANGUAGES = {"fra": "fr", "spa": "es", "por": "pt", "swh": "sw"}
"""Of the corpus, and ISO 639-1."""
MASKED = ("NAME", "PLACE", "ORG", "ADDRESS")
WORD = re.compile(r"[^\W\d_]+")
STOPS = re.compile(r"[.,!?;:«»\"“”¿¡]")
SHORTEST = 3
"""Letters of a name."""
Span = tuple[int, int]


@dataclass(frozen=True)
class Sentence:
    """A sentence and where names are in it."""

    text: str
    names: tuple[Span, ...]


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--half", choices=("develop", "report"), default="report")
    given = parser.parse_args()
    everyday = ordinary(models() / "base/tokenizer.json")
    section = Section("elsewhere", "Names in other languages")
    section.say(
        f"Half `{given.half}` of Tatoeba's sentences that have an English translation; a word with "
        "a capital in both is a name. As it was written, and in lower case without punctuation. "
        "Names that are translated (Londres) count as found for nothing."
    )
    rows = [
        (corpus, style, *figures(half(corpus, given.half), language, everyday, lower=lower))
        for corpus, language in LANGUAGES.items()
        for style, lower in (("as written", False), ("lower case", True))
    ]
    section.table(("", "", "names", "recall", "precision", "for nothing, of 1,000 words"), rows)
    section.publish(write=given.write)


def half(corpus: str, which: str) -> list[Sentence]:
    """Return every other sentence of a corpus."""
    pair = [
        (SHARED / f"text/tatoeba/tatoeba.{corpus}-eng.{side}").read_text().splitlines()
        for side in (corpus, "eng")
    ]
    both = list(zip(*pair, strict=True))
    return [marked(*each) for each in both[which == "report" :: 2]]


def marked(text: str, english: str) -> Sentence:
    """Find the names that a sentence shares with its translation."""
    there = set(WORD.findall(english))
    spans = tuple(
        match.span()
        for match in WORD.finditer(text)
        if match.group() in there and match.group()[0].isupper() and len(match.group()) >= SHORTEST
    )
    return Sentence(text, spans)


def figures(
    sentences: Sequence[Sentence], language: str, everyday: frozenset[str], *, lower: bool
) -> Iterator[str]:
    """Yield the figures of a row."""
    count: Counter[str] = Counter()
    for each in sentences:
        text = STOPS.sub(" ", each.text.lower()) if lower else each.text
        found = in_call([Segment(0, 0.0, 1.0, text, language=language)], everyday)
        spans = [(one.start, one.end) for one in found if one.label in MASKED]
        count["words"] += len(WORD.findall(text))
        count["names"] += len(each.names)
        count["found"] += sum(any(a <= b[0] and b[1] <= c for a, c in spans) for b in each.names)
        count["wrong"] += sum(all(c <= b[0] or b[1] <= a for b in each.names) for a, c in spans)
    yield str(count["names"])
    yield f"{count['found'] / count['names']:.2f}"
    yield f"{count['found'] / (count['found'] + count['wrong']):.2f}"
    yield f"{1000 * count['wrong'] / count['words']:.1f}"


if __name__ == "__main__":
    main()
