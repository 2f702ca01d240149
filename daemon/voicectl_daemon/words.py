"""The words of the site, for every job that does not bring its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from voicectl.config import Vocabulary
from voicectl.errors import ConfigError, UsageError
from voicectl.vocabulary import read_rules, read_terms
from voicectl_recipes.load import Recipe

STAGE = "transcribe"


class SiteWords:
    """The files that the config names; read for every job, so that a new word counts at once."""

    def __init__(self, settings: Vocabulary) -> None:
        self._settings = settings

    def beside(
        self, options: dict[str, dict[str, Any]] | None, recipe: Recipe
    ) -> dict[str, dict[str, Any]]:
        """Return the options of a job with the site's words where it has none of its own.

        Raises `ConfigError` that names the file and the line.
        """
        steps = {step.stage: step.options for step in recipe.steps}
        if STAGE not in steps:
            return options or {}
        given = (options or {}).get(STAGE, {})
        asked = steps[STAGE] | given
        own: dict[str, Any] = {}
        try:
            if self._settings.file and "vocabulary" not in asked:
                own["vocabulary"] = read_terms(Path(self._settings.file))
            if self._settings.replacements and "replacements" not in asked:
                own["replacements"] = read_rules(Path(self._settings.replacements))
        except UsageError as error:
            hint = error.hint or "voicectl.toml names it; without it: --vocabulary None"
            raise ConfigError(error.text, hint=hint) from error
        return {**(options or {}), **({STAGE: own | given} if own else {})}
