"""Names, numbers and places by rules, in whatever language and without capitals or digits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from voicectl.errors import ModelMissing
from voicectl.recognition import EntityOptions
from voicectl.runners import RunnerInfo
from voicectl.types import Segment
from voicectl.understanding import Entity
from voicectl_models.entities import find
from voicectl_models.entities.lines import Line, Span
from voicectl_models.entities.ordinary import ordinary
from voicectl_models.entities.people import Ordinary
from voicectl_models.tokens import FILE


class SpokenRules:
    """The recogniser `rules`; keeps the promises of `voicectl.recognition.Recognizer`."""

    info: ClassVar[RunnerInfo] = RunnerInfo(name="rules", task="entities", licence="Apache-2.0")
    model = ""

    def __init__(self, folder: str, name: str, options: EntityOptions) -> None:
        """Read the everyday words."""
        self._ordinary = everyday(folder, name)

    def find(self, segments: Sequence[Segment]) -> tuple[Entity, ...]:
        """Return what the rules find in a call."""
        return find.in_call(segments, self._ordinary)


class RulesAndMore(SpokenRules):
    """The rules and, in English, what another library finds besides."""

    def find(self, segments: Sequence[Segment]) -> tuple[Entity, ...]:
        """Return what either finds in a call."""
        return find.in_call(segments, self._ordinary, self._english)

    def besides(self, line: Line, ordinary: Ordinary) -> Iterable[Span]:
        """Yield what the library adds, in characters of the text as it was given."""
        raise NotImplementedError

    def _english(self, _segment: Segment, line: Line) -> Iterable[Span]:
        return self.besides(line, self._ordinary) if line.english else ()


def everyday(folder: str, name: str) -> Ordinary:
    """Return the words that a model has whole. Raises `ModelMissing`."""
    try:
        return ordinary(Path(folder) / FILE)
    except (OSError, ValueError) as error:  # msgspec's errors are of this kind
        raise ModelMissing(
            f"the vocabulary of the model '{name}' cannot be loaded",
            hint=f"fetch it again with: voicectl models get {name}",
        ) from error
