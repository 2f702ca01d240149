"""Weights that somebody brings become one of the models, whole, checked and under a fit name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from tests.unit.models.conftest import OWN, model_in, visible
from voicectl.errors import ModelMissing, UsageError, VoicectlError
from voicectl_models import weights


def test_a_folder_becomes_one_of_the_models(tmp_path: Path, told: list[str]) -> None:
    own = model_in(tmp_path / "swahili", 51_865)
    found = weights.import_folder(own, tmp_path / "models", told.append)
    assert found.folder == tmp_path / "models" / "swahili"
    assert weights.find("swahili", tmp_path / "models") == found
    assert weights.import_folder(own, tmp_path / "models", told.append) == found
    assert told[-1] == "swahili: already here"
    (own / "model.bin").write_bytes(OWN + b"other")
    with pytest.raises(VoicectlError, match="already is another model 'swahili'"):
        weights.import_folder(own, tmp_path / "models", told.append)
    weights.import_folder(own, tmp_path / "models", told.append, "other")
    here = weights.installed(tmp_path / "models")
    assert [each.name for each in here] == ["other", "swahili"]


def test_its_digest_is_believed_from_then_on(tmp_path: Path, told: list[str]) -> None:
    own, models = model_in(tmp_path / "small"), tmp_path / "models"
    found = weights.import_folder(own, models, told.append)
    digest = hashlib.sha256(OWN).hexdigest()
    assert any(digest in line and "believed from now on" in line for line in told)
    assert f"{digest}  model.bin\n" in (models / "small" / "SHA256SUMS").read_text()
    assert weights.verify(found) == []
    (found.folder / "vocabulary.txt").write_text("changed")
    assert weights.verify(found)[0].startswith("the SHA-256 of vocabulary.txt is")


def test_what_another_machine_believed_is_checked(tmp_path: Path) -> None:
    own = model_in(tmp_path / "small")
    (own / "SHA256SUMS").write_text(f"{'0' * 64}  model.bin\n")
    with pytest.raises(ModelMissing, match=r"the SHA-256 of model\.bin is"):
        weights.import_folder(own, tmp_path / "models", print)
    assert visible(tmp_path / "models") == [".small.import"]
    assert weights.installed(tmp_path / "models") == []


def test_a_model_of_the_catalogue_must_be_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"the SHA-256 of model\.bin is"):
        weights.import_folder(model_in(tmp_path / "base"), tmp_path / "models", print)


def test_links_as_a_hub_cache_has_them(tmp_path: Path) -> None:
    real, linked = model_in(tmp_path / "blobs"), tmp_path / "linked"
    linked.mkdir()
    for file in real.iterdir():
        (linked / file.name).symlink_to(file)
    os.mkfifo(linked / "pipe")
    (linked / "folder").mkdir()
    found = weights.import_folder(linked, tmp_path / "models", print)
    assert not any(file.is_symlink() for file in found.folder.iterdir())
    assert visible(found.folder) == ["SHA256SUMS", "model.bin", "vocabulary.txt"]


@pytest.mark.parametrize("name", ["..", ".hidden", "a/b", "-rf", "ä"])
def test_a_name_is_a_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be called"):
        weights.import_folder(model_in(tmp_path / "own"), tmp_path / "models", print, name)


def test_no_weights_of_whisper(tmp_path: Path) -> None:
    own = model_in(tmp_path / "own", content=b"a picture")
    with pytest.raises(ModelMissing, match="no weights of Whisper"):
        weights.import_folder(own, tmp_path / "models", print)
    assert visible(tmp_path / "models") == []


def test_an_interrupted_copy_goes_on(tmp_path: Path) -> None:
    """What is there and the same keeps its inode and is not written again."""
    own, models = model_in(tmp_path / "own", content=OWN * 100_000), tmp_path / "models"
    half = models / ".own.import" / "model.bin"
    half.parent.mkdir(parents=True)
    half.write_bytes((OWN * 100_000)[:1_500_000])
    (half.parent / "stray").touch()
    inode = half.stat().st_ino
    found = weights.import_folder(own, models, print)
    assert (found.folder / "model.bin").stat().st_ino == inode
    assert (found.folder / "model.bin").read_bytes() == OWN * 100_000
    assert "stray" not in visible(found.folder)


def test_no_model_no_import(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"no model\.bin"):
        weights.import_folder(tmp_path, tmp_path / "models", print)
