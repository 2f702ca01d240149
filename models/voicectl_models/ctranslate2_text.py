"""Text by any translation model in CTranslate2's form: OPUS-MT, NLLB, M2M-100, and the like.

A folder as its converters write it: `model.bin`, `config.json`, the vocabulary, and beside
them what cuts text into pieces (`source.spm` and `target.spm`, `sentencepiece.bpe.model`, or
`tokenizer.json`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import ctranslate2
import msgspec

from voicectl import parse
from voicectl.errors import ModelMissing
from voicectl.runners import RunnerInfo
from voicectl.translation import TranslateOptions
from voicectl_models import device, pieces
from voicectl_models.catalogue import MODEL, is_whisper
from voicectl_models.codes import Codes
from voicectl_models.folder_translator import FolderTranslator

BEAMS = 4
AT_ONCE = 32
"""Sentences between two looks at whether the work is still wanted."""
LONGEST = 256
"""Pieces of a translated sentence."""
END = "</s>"
VOCABULARIES = (
    "shared_vocabulary.json", "source_vocabulary.json",
    "shared_vocabulary.txt", "source_vocabulary.txt",
)  # fmt: skip


class _Config(msgspec.Struct):
    add_source_eos: bool = False
    """True where the library itself ends what is read."""


class CTranslate2(FolderTranslator):
    """The translator `ctranslate2`; keeps the promises of `voicectl.translation.Translator`."""

    info: ClassVar[RunnerInfo] = RunnerInfo("ctranslate2", "translate", "MIT")

    _at_once = AT_ONCE

    def __init__(self, folder: str, name: str, options: TranslateOptions) -> None:
        """Load a model of whatever languages."""
        self.model = name
        place = Path(folder)
        try:
            check(place, name)
            self._config = _config(place)
            self._codes = Codes.of(vocabulary(place), name)
            found = pieces.of(place)
            where, precision = device.choose("auto", "auto")
            if where == "cuda":
                device.preload()
            cores = device.threads(options.threads, device.available_cores())
            self._model = ctranslate2.Translator(
                folder, device=where, compute_type=precision, intra_threads=cores
            )
        except (RuntimeError, ValueError, OSError) as error:  # msgspec's errors are of this kind
            raise unloadable(name, str(error)) from error
        if found is None:
            raise unloadable(name, f"none of {', '.join(pieces.FILES)} is in {folder}")
        self._pieces = found

    def _several(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        before, ahead = self._told(source, target)
        end = [] if self._config.add_source_eos else [END]
        cut = [[*before, *self._pieces.split(text), *end] for text in texts]
        found = self._model.translate_batch(
            cut,
            target_prefix=[ahead] * len(cut) if ahead else None,
            beam_size=BEAMS,
            max_batch_size=AT_ONCE,
            max_decoding_length=LONGEST,
        )
        # A language's token is no word, wherever a model puts it.
        written = ([p for p in each.hypotheses[0] if p not in self._codes.tokens] for each in found)
        return [self._pieces.join(text) for text in written]

    def _told(self, source: str, target: str) -> tuple[list[str], list[str]]:
        """Return what stands before a text, and before its translation."""
        codes = self._codes
        wanted = codes.token(target)
        if wanted is None:
            return [], []
        if codes.told_target_only:
            return [wanted], []
        said = codes.token(source)
        return ([said] if said else []), [wanted]


def check(folder: Path, name: str) -> None:
    """Raise `ModelMissing` for what is no translation model in this form."""
    if not (folder / MODEL).is_file():
        raise unloadable(name, f"there is no {MODEL} in {folder}")
    if is_whisper(folder / MODEL):
        raise ModelMissing(
            f"the model '{name}' understands speech and does not translate text",
            hint="use it so: --set translate.backend=speech",
        )


def vocabulary(folder: Path) -> frozenset[str]:
    """Return the pieces that a model reads. Raises `OSError`, `ValueError`."""
    place = next((folder / each for each in VOCABULARIES if (folder / each).is_file()), None)
    if place is None:
        raise FileNotFoundError(f"there is no vocabulary in {folder}")
    if place.suffix == ".json":
        return frozenset(parse.json(place.read_bytes(), list[str]))
    return frozenset(place.read_text().splitlines())


def _config(folder: Path) -> _Config:
    place = folder / "config.json"
    return parse.json(place.read_bytes(), _Config) if place.is_file() else _Config()


def unloadable(name: str, why: str) -> ModelMissing:
    """Return the error for a folder that cannot be used."""
    return ModelMissing(
        f"the model '{name}' cannot be loaded: {why}",
        hint="translate.model names a folder of a translation model as ct2-transformers-converter "
        "writes it, with the files of its tokenizer (--copy_files)",
    )
