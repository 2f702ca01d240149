"""Weights are found by name or folder, described, and compared with what they should be."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.unit.models.conftest import OWN, model_in
from voicectl.errors import ModelMissing, UnknownName
from voicectl.interfaces import Wish
from voicectl_models import pool, weights
from voicectl_models.weights import default_folder, find, installed, verify


def test_a_model_that_can_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="the model 'base' is not on this machine") as caught:
        find("base", tmp_path)
    assert caught.value.hint == "fetch it with: voicectl models get base"


def test_a_model_that_no_package_carries(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="the model 'small' is not on this machine") as caught:
        find("small", tmp_path)
    assert "voicectl models import FOLDER" in caught.value.hint


def test_an_unknown_name_gets_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="no model called 'tinyen'") as caught:
        find("tinyen", tmp_path)
    assert "did you mean 'tiny.en'?" in caught.value.hint


@pytest.mark.parametrize(("tokens", "languages"), [(51_864, ("en",)), (51_866, ("*",))])
def test_a_folder_tells_its_languages_by_its_vocabulary(
    tmp_path: Path, tokens: int, languages: tuple[str, ...]
) -> None:
    found = find(str(model_in(tmp_path / "own", tokens)), tmp_path / "models")
    assert found.name == "own"
    assert found.languages == languages
    assert found.translates == (languages == ("*",))
    assert found.sha256 == hashlib.sha256(OWN).hexdigest()


def test_a_vocabulary_in_json(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "own")
    (folder / "vocabulary.txt").unlink()
    (folder / "vocabulary.json").write_text(json.dumps([str(n) for n in range(51_866)]))
    assert find(str(folder), tmp_path).languages == ("*",)


def test_no_vocabulary(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "own")
    (folder / "vocabulary.txt").unlink()
    with pytest.raises(ModelMissing, match="no vocabulary"):
        find(str(folder), tmp_path)


def test_the_hash_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    models, folder = tmp_path / "models", model_in(tmp_path / "own")
    first = find(str(folder), models).sha256
    book = models / ".sha256.json"
    remembered = json.loads(book.read_text())
    assert list(remembered.values()) == [first]
    key = next(iter(remembered))
    book.write_text(json.dumps({key: "from the book"}))
    assert find(str(folder), models).sha256 == "from the book"
    (folder / "model.bin").write_bytes(b"other weights")
    second = find(str(folder), models).sha256
    assert second == hashlib.sha256(b"other weights").hexdigest()


def test_a_broken_book_costs_only_time(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "own")
    (tmp_path / ".sha256.json").write_text("not json")
    assert find(str(folder), tmp_path).sha256 == hashlib.sha256(OWN).hexdigest()


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no model\.bin in the folder"):
        find(str(tmp_path), tmp_path)


def test_a_damaged_model_is_not_used(tmp_path: Path) -> None:
    model_in(tmp_path / "tiny.en")
    with pytest.raises(ModelMissing, match="damaged: model.bin has 25 bytes") as caught:
        find("tiny.en", tmp_path)
    assert caught.value.hint == "fetch it again with: voicectl models get tiny.en"
    assert installed(tmp_path) == []


def test_a_brought_model_of_the_catalogue_keeps_its_languages(tmp_path: Path) -> None:
    model_in(tmp_path / "distil-large-v3", tokens=51_866)
    found = find("distil-large-v3", tmp_path)
    assert found.languages == ("en",)
    assert not found.translates


def test_installed_does_not_hash(tmp_path: Path) -> None:
    model_in(tmp_path / "own")
    assert [(found.name, found.sha256) for found in installed(tmp_path)] == [("own", "")]
    hashed = find("own", tmp_path).sha256
    assert [found.sha256 for found in installed(tmp_path)] == [hashed]
    assert installed(tmp_path / "nowhere") == []


@pytest.mark.parametrize(("name", "meant"), [("turbo", "large-v3-turbo"), ("large", "large-v3")])
def test_names_that_whisper_tools_have(name: str, meant: str, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=f"the model '{meant}' is not on this machine"):
        find(name, tmp_path)
    model_in(tmp_path / name)
    assert find(name, tmp_path).folder == tmp_path / name


def test_the_site_names_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "voicectl.toml").write_text('models = "/srv/models"\n')
    monkeypatch.setenv("VOICECTL_CONFIG", str(tmp_path / "voicectl.toml"))
    assert default_folder() == Path("/srv/models")


def test_a_changed_file_is_named(tmp_path: Path) -> None:
    found = find(str(model_in(tmp_path / "own")), tmp_path)
    assert verify(found) == []
    (found.folder / "model.bin").write_bytes(b"WEIGHTS")
    assert verify(found)[0].startswith("the SHA-256 of model.bin is")
    (found.folder / "model.bin").unlink()
    assert verify(found) == ["model.bin is missing"]


def test_the_real_tiny_en(weights: Path) -> None:
    found = find("tiny.en", weights)
    assert found.languages == ("en",)
    assert verify(found) == []
    assert find(str(weights / "tiny.en"), weights).sha256 == found.sha256


def test_a_folder_that_is_no_model_is_not_read_to_its_end(tmp_path: Path) -> None:
    for number in range(weights.MOST_FILES + 1):
        (tmp_path / f"{number}.wav").touch()
    for place in (tmp_path, Path("/"), Path("/proc")):
        with pytest.raises(ModelMissing, match="no model does"):
            weights.whole_folder(place)
        with pytest.raises(ModelMissing, match="no model does"):
            pool.candidates(Wish("translate", str(place), backend="auto", target="en"), tmp_path)


def test_a_folder_without_a_file_to_read_is_no_model(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "model.bin")
    for place in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ModelMissing, match="there are no weights"):
            weights.whole_folder(place)
