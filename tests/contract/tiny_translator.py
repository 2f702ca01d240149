"""A translation model of a few kilobytes, whose weights mean nothing, in the form of real ones."""

from __future__ import annotations

import json
from pathlib import Path

import ctranslate2
import numpy as np
import sentencepiece

SIZE = 16
SAYINGS = (
    "my name is rose and i live in the blue house",
    "he beats me every evening and i am afraid",
    "meu nome é rosa e moro na casa azul",
    "ele bate em mim todas as noites e tenho medo",
    "jina langu ni rosa na ninaishi katika nyumba ya buluu",
)
LANGUAGES = ("eng_Latn", "por_Latn", "swh_Latn")


def make(folder: Path, *, languages: tuple[str, ...] = (), named: str = "source.spm") -> Path:
    """Write a model, OPUS-MT's kind or, with languages, NLLB's; return its folder."""
    folder.mkdir(parents=True)
    spm = folder / named
    with spm.open("wb") as file:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(SAYINGS * 20), model_writer=file, vocab_size=56,
            bos_id=-1, eos_id=-1, pad_id=-1, unk_id=0, minloglevel=2,
        )  # fmt: skip
    cutter = sentencepiece.SentencePieceProcessor(model_file=str(spm))
    pieces = [cutter.id_to_piece(at) for at in range(1, cutter.get_piece_size())]
    tokens = ["<unk>", "<s>", "</s>", *pieces, *languages]
    spec = _spec(len(tokens))
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    spec.validate()
    spec.save(str(folder))
    config = json.loads((folder / "config.json").read_text())
    assert config["add_source_eos"] is False
    return folder


def _spec(count: int) -> ctranslate2.specs.TransformerSpec:
    chance = np.random.default_rng(4)
    spec = ctranslate2.specs.TransformerSpec.from_config(1, 1)
    for side in (spec.encoder, spec.decoder):
        words = side.embeddings[0] if isinstance(side.embeddings, list) else side.embeddings
        words.weight = chance.normal(size=(count, SIZE)).astype("f4")
        _normal(side.layer_norm)
        for layer in side.layer:
            _attention(layer.self_attention, (3, 1), chance)
            if side is spec.decoder:
                _attention(layer.attention, (1, 2, 1), chance)
            _normal(layer.ffn.layer_norm)
            _linear(layer.ffn.linear_0, 2 * SIZE, SIZE, chance)
            _linear(layer.ffn.linear_1, SIZE, 2 * SIZE, chance)
    _linear(spec.decoder.projection, count, SIZE, chance)
    return spec


def _attention(spec: object, widths: tuple[int, ...], chance: np.random.Generator) -> None:
    _normal(spec.layer_norm)
    for linear, width in zip(spec.linear, widths, strict=True):
        _linear(linear, width * SIZE, SIZE, chance)


def _linear(spec: object, out: int, into: int, chance: np.random.Generator) -> None:
    spec.weight = chance.normal(size=(out, into)).astype("f4")
    spec.bias = np.zeros(out, "f4")


def _normal(spec: object) -> None:
    spec.gamma, spec.beta = np.ones(SIZE, "f4"), np.zeros(SIZE, "f4")
