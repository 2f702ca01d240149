"""Names and numbers that presidio-analyzer finds in English text, in addition to the rules.

It looks for what is written in digits and with capitals: rare words get their capital first.
Its own models are not fetched, spaCy's small one is what the extra brings; nor is the list of
domains that it would get over the network when it meets an e-mail address.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from voicectl.errors import ModelMissing
from voicectl.recognition import EntityOptions
from voicectl.runners import RunnerInfo
from voicectl_models.entities.lines import Line, Span
from voicectl_models.entities.people import Ordinary
from voicectl_models.spacy_names import pipeline, with_capitals
from voicectl_models.spoken_rules import RulesAndMore

LABELS = {
    "PERSON": "NAME", "PHONE_NUMBER": "PHONE", "EMAIL_ADDRESS": "EMAIL", "IP_ADDRESS": "URL",
    "CREDIT_CARD": "ID", "CRYPTO": "ID", "IBAN_CODE": "ID", "US_SSN": "ID", "US_PASSPORT": "ID",
    "US_DRIVER_LICENSE": "ID", "US_BANK_NUMBER": "ID", "US_ITIN": "ID", "UK_NHS": "ID",
    "MEDICAL_LICENSE": "ID",
}  # fmt: skip
"""Theirs to ours; its places and days are wrong more often than not, as spaCy's are."""
ALL = LABELS | {"LOCATION": "PLACE", "DATE_TIME": "DATE", "URL": "URL"}
"""What it finds when it is used alone."""
_SURE = 0.3
"""Its score from which on something counts."""
_SCORE = 0.55
"""Below every rule that had a reason."""


class Presidio(RulesAndMore):
    """The recogniser `presidio`: the rules and, in English, what presidio-analyzer finds besides.

    Keeps the promises of `voicectl.recognition.Recognizer`.
    """

    info: ClassVar[RunnerInfo] = RunnerInfo(name="presidio", task="entities", licence="MIT")
    model = "en_core_web_sm"

    def __init__(self, folder: str, name: str, options: EntityOptions) -> None:
        """Read the everyday words and load spaCy's model."""
        super().__init__(folder, name, options)
        self._analyzer = Analyzer()

    def besides(self, line: Line, ordinary: Ordinary) -> Iterable[Span]:
        """Yield what presidio's analyzer finds."""
        return self._analyzer.besides(line, ordinary)


class Analyzer:
    """presidio's analyzer for English, which reaches for nothing outside this machine."""

    def __init__(self) -> None:
        """Load it; raises `ModelMissing` when the extra is not installed."""
        try:
            import tldextract
            from presidio_analyzer import AnalyzerEngine
            from presidio_analyzer.nlp_engine import SpacyNlpEngine
        except ImportError as error:
            raise ModelMissing(
                "presidio-analyzer is not installed",
                hint="install it with: pip install 'voicectl[presidio]'",
            ) from error
        tldextract.extract = tldextract.TLDExtract(cache_dir=None, suffix_list_urls=())
        engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": Presidio.model}])
        engine.nlp = {"en": pipeline()}
        self._engine = AnalyzerEngine(nlp_engine=engine, supported_languages=["en"])

    def besides(self, line: Line, ordinary: Ordinary) -> Iterator[Span]:
        """Yield what it adds to the rules, in characters of the text as it was given."""
        return self.find(with_capitals(line, ordinary), LABELS, _SCORE)

    def find(self, text: str, labels: dict[str, str], score: float | None = None) -> Iterator[Span]:
        """Yield what it finds in a text under `labels`, with its own score or another."""
        if not text.strip():
            return
        for found in self._engine.analyze(text, "en", list(labels), score_threshold=_SURE):
            yield Span(labels[found.entity_type], found.start, found.end, score or found.score)
