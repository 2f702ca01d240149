"""What translators share that read a folder which a site brings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

from voicectl.translation import Bundled
from voicectl_models import sentences
from voicectl_models.codes import Codes


class FolderTranslator(ABC):
    """Cuts texts into sentences, and knows the languages that the folder's files tell of."""

    _codes: Codes
    _at_once: ClassVar[int]
    """Sentences between two looks at whether the work is still wanted."""

    @classmethod
    def bundled(cls) -> tuple[Bundled, ...]:
        """Return nothing: a site brings its folder."""
        return ()

    def knows(self, source: str, target: str) -> bool:
        """True when it translates between these languages, as far as its files tell."""
        return self._codes.knows(source, target)

    def translate(
        self, texts: Sequence[str], source: str, target: str, heed: Callable[[float], None]
    ) -> tuple[str, ...]:
        """Return each text, some sentences at a time."""

        def several(wanted: Sequence[str]) -> list[str]:
            return self._several(wanted, source, target)

        return sentences.each(texts, several, self._at_once, heed)

    @abstractmethod
    def _several(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Return a few sentences translated, in the same order."""
