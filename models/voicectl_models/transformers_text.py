"""Text by a translation model as Hugging Face's transformers keep it: Marian, NLLB, M2M-100.

The only import of transformers; it reads the folder that is named and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from voicectl.errors import ModelMissing
from voicectl.runners import RunnerInfo
from voicectl.translation import TranslateOptions
from voicectl_models.codes import Codes
from voicectl_models.folder_translator import FolderTranslator

BEAMS = 4
AT_ONCE = 16
LONGEST = 256


class Transformers(FolderTranslator):
    """The translator `transformers`; keeps the promises of `voicectl.translation.Translator`."""

    info: ClassVar[RunnerInfo] = RunnerInfo("transformers", "translate", "Apache-2.0")

    _at_once = AT_ONCE

    def __init__(self, folder: str, name: str, options: TranslateOptions) -> None:
        """Load model and tokenizer; no code that lies in the folder is run."""
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        self.model = name
        here = {"local_files_only": True, "trust_remote_code": False}
        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, **here)
            self._model: Any = AutoModelForSeq2SeqLM.from_pretrained(folder, **here).eval()
        except Exception as error:  # the library raises whatever the file makes it raise
            raise ModelMissing(
                f"the model '{name}' cannot be loaded: {' '.join(str(error).split())}",
                hint="translate.model names a folder with a translation model of transformers: "
                "config.json, the weights, and the files of its tokenizer",
            ) from error
        self._codes = Codes.of(self._tokenizer.get_vocab(), name)

    def _several(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        wanted, said = self._codes.token(target), self._codes.token(source)
        told: dict[str, Any] = {}
        if wanted and self._codes.told_target_only:
            texts = [f"{wanted} {text}" for text in texts]
        elif wanted:
            told["forced_bos_token_id"] = self._tokenizer.convert_tokens_to_ids(wanted)
            # NLLB's tokenizer takes the token itself, M2M-100's the language in it.
            self._tokenizer.src_lang = (said or "").strip("_")
        given = self._tokenizer(
            list(texts), return_tensors="pt", padding=True, truncation=True, max_length=LONGEST
        )
        made = self._model.generate(**given, num_beams=BEAMS, max_new_tokens=LONGEST, **told)
        return list(self._tokenizer.batch_decode(made, skip_special_tokens=True))
