"""Sentence vectors by all-MiniLM-L6-v2, as ONNX: English, 384 dimensions, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from voicectl.embedding import EmbedOptions
from voicectl.runners import RunnerInfo
from voicectl_models import onnx, tokens
from voicectl_models.catalogue import MODEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 384
LONGEST = 256
"""Tokens that the network was trained to read; the rest of a text is not looked at."""
BATCH = 32


class MiniLM:
    """The embedder `minilm`; keeps the promises of `voicectl.embedding.Embedder`."""

    info: ClassVar[RunnerInfo] = RunnerInfo(name="minilm", task="embed", licence="Apache-2.0")

    def __init__(self, folder: str, name: str, options: EmbedOptions) -> None:
        """Load network and tokenizer."""
        self.model = name
        self._session = onnx.session(Path(folder) / MODEL, name, options.threads)
        self._inputs = [each.name for each in self._session.get_inputs()]
        try:
            self._tokenizer = tokens.tokenizer(Path(folder))
        except Exception as error:
            raise onnx.unloadable(name, error) from error
        self._tokenizer.enable_truncation(LONGEST)
        self._tokenizer.no_padding()

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the mean of what the network makes of the tokens of each text."""
        found = np.zeros((len(texts), DIMENSIONS), np.float32)
        read = self._tokenizer.encode_batch(list(texts))
        # Texts of a length go together, so that little is computed on padding.
        order = sorted(range(len(texts)), key=lambda index: len(read[index].ids))
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            found[chosen] = self._vectors([read[index].ids for index in chosen])
        return found

    def _vectors(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        shape = (len(ids), max(len(row) for row in ids))
        given = {name: np.zeros(shape, np.int64) for name in self._inputs}
        for at, row in enumerate(ids):
            given["input_ids"][at, : len(row)] = row
            given["attention_mask"][at, : len(row)] = 1
        states = self._session.run(None, given)[0]
        mean = (states * given["attention_mask"][..., None]).sum(axis=1)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), np.float32)
