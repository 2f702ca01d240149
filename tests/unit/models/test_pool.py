"""Which weights a step that reads words may use, and what stays loaded."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from voicectl.embedding import EmbedOptions
from voicectl.errors import ModelMissing, UnknownName, UsageError
from voicectl.interfaces import Wish
from voicectl.recognition import EntityOptions
from voicectl_models import pool
from voicectl_models.pool import Pool
from voicectl_recipes import engine, load

RULES = Wish("entities", backend="rules")
MEANING = Wish("embed", backend="minilm")


def linked(folder: Path, weights: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(weights / name)
    return folder


def test_everyday_words_are_those_of_most_languages(weights: Path, tmp_path: Path) -> None:
    (both,) = pool.candidates(RULES, linked(tmp_path / "a", weights, "base", "tiny.en"))
    (english,) = pool.candidates(RULES, linked(tmp_path / "b", weights, "tiny.en"))
    assert (both.name, english.name) == ("base", "tiny.en")
    assert both.sha256 != english.sha256


def test_equal_words_count_as_equal_whatever_hears_them(weights: Path, tmp_path: Path) -> None:
    (known,) = pool.candidates(RULES, weights)
    folder = linked(tmp_path / "a", weights)
    own = folder / "a-model-of-ours"
    own.mkdir()
    (own / "model.bin").write_bytes(b"\x06\0\0\0\x0c\0WhisperSpec\0weights")
    for file in ("tokenizer.json", "vocabulary.txt"):
        shutil.copy(weights / "base" / file, own)
    (ours,) = pool.candidates(RULES, folder)
    assert (ours.name, ours.sha256) == ("a-model-of-ours", known.sha256)


def test_what_is_missing_is_told_before_any_work(weights: Path, tmp_path: Path) -> None:
    nothing = linked(tmp_path / "a", weights)
    for wish, name in ((RULES, "base"), (MEANING, "minilm")):
        with pytest.raises(ModelMissing, match=name) as refused:
            pool.candidates(wish, nothing)
        assert f"voicectl models get {name}" in refused.value.hint
    without = linked(tmp_path / "b", weights, "base", "tiny.en")
    plan = load.check(load.Shelf(None).find("helpline"))
    with pytest.raises(ModelMissing, match="minilm"):
        engine.weights(plan, lambda wish: [w.sha256 for w in pool.candidates(wish, without)])


def test_a_backend_that_nobody_has_or_a_model_that_does_not_fit(weights: Path) -> None:
    for task in ("entities", "embed"):
        with pytest.raises(UnknownName, match="unheard-of"):
            pool.candidates(Wish(task, backend="unheard-of"), weights)
    with pytest.raises(UsageError, match="the embedder 'minilm' cannot use the model 'base'"):
        pool.candidates(Wish("embed", "base", backend="minilm"), weights)


def test_they_stay_loaded_and_are_told(weights: Path) -> None:
    told = []
    warm = Pool(weights, lambda: told.append(1))
    try:
        embedder = warm.embedder(EmbedOptions(threads=1))
    except ModelMissing as error:
        pytest.skip(f"{error.text}; {error.hint}")
    recognizer = warm.recognizer(EntityOptions())
    assert warm.embedder(EmbedOptions(threads=1)) is embedder
    assert warm.recognizer(EntityOptions()) is recognizer
    assert warm.loaded == ("minilm",)
    assert len(told) == 2
    assert warm.embedder(EmbedOptions(threads=2)) is not embedder
    assert warm.loaded == ("minilm",)
