"""Every embedder that is installed keeps its promises, with real weights."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from voicectl import registry
from voicectl.embedding import Embedder, EmbedOptions
from voicectl.errors import ModelMissing
from voicectl_models import weights as on_disk
from voicectl_models.weights import Weights

QUIETLY = EmbedOptions(threads=1)
SAID = (
    "My stepfather hits me with a belt.",
    "A man in our house beats me.",
    "I would like to know your opening hours.",
    "",
    "yes",
)


@pytest.fixture(scope="module", params=registry.names(registry.EMBEDDERS))
def found(request: pytest.FixtureRequest, weights: Path) -> Weights:
    try:
        return on_disk.find(request.param, weights)
    except ModelMissing as error:
        pytest.skip(f"{error.text}; {error.hint}")


@pytest.fixture(scope="module")
def embedder(found: Weights) -> Embedder:
    made: Embedder = registry.load(registry.EMBEDDERS, found.name)(
        str(found.folder), found.name, QUIETLY
    )
    return made


def test_a_vector_for_each_text_and_all_of_length_1(embedder: Embedder) -> None:
    vectors = embedder.embed(SAID)
    assert vectors.shape[0] == len(SAID)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_no_texts_are_no_vectors(embedder: Embedder) -> None:
    assert embedder.embed([]).shape == (0, embedder.embed(["yes"]).shape[1])


def test_the_same_meaning_is_nearer_than_another(embedder: Embedder) -> None:
    beaten, beaten_too, hours = embedder.embed(SAID[:3])
    assert beaten @ beaten_too > beaten @ hours + 0.2


def test_a_text_is_what_it_is_whatever_comes_with_it(embedder: Embedder) -> None:
    """Among others it is padded; many of them are several batches."""
    many = [f"{SAID[0]} {'And then. ' * number}" for number in range(70)]
    alone = np.concatenate([embedder.embed([text]) for text in (many[0], many[69])])
    assert np.allclose(alone, embedder.embed(many)[[0, 69]], atol=1e-4)


def test_a_text_without_end_is_read_as_far_as_the_model_can(embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed(["he hits me " * 20_000])).all()


def test_weights_it_cannot_read_are_a_missing_model(
    embedder: Embedder, found: Weights, tmp_path: Path
) -> None:
    for broken in ("model.bin", "tokenizer.json"):
        folder = tmp_path / broken
        shutil.copytree(found.folder, folder)
        (folder / broken).write_bytes(b"no weights")
        with pytest.raises(ModelMissing, match="cannot be loaded") as refused:
            type(embedder)(str(folder), "broken", QUIETLY)
        assert "voicectl models get" in refused.value.hint
