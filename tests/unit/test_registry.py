"""Backends by name."""

from pathlib import Path

import pytest

from voicectl import registry
from voicectl.errors import UnknownName, UsageError, VoicectlError


def test_what_is_installed() -> None:
    assert {"txt", "srt", "vtt", "tsv", "json"} <= set(registry.names(registry.FORMATS))
    assert "transcribe" in registry.names(registry.STAGES)
    assert "faster-whisper" in registry.names(registry.TRANSCRIBERS)
    assert registry.names(registry.FORMATS) == sorted(registry.names(registry.FORMATS))
    assert registry.names("voicectl.nothing") == []


def test_a_name_is_loaded() -> None:
    assert callable(registry.load(registry.FORMATS, "txt"))


def test_an_unknown_name_is_answered_with_the_nearest_and_the_installed() -> None:
    with pytest.raises(UnknownName, match="there is no format called 'srtt'") as unknown:
        registry.load(registry.FORMATS, "srtt")
    assert unknown.value.hint.startswith("did you mean 'srt'? installed: ")
    assert "json" in unknown.value.hint
    with pytest.raises(UnknownName) as unknown:
        registry.load("voicectl.nothings", "qqq")
    assert unknown.value.hint == "installed: none"
    assert unknown.value.text == "there is no nothing called 'qqq'"


def test_one_whose_extra_is_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "more-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: more\nVersion: 1.0\nProvides-Extra: big\n"
        "Requires-Dist: a-big-library<2 ; extra == 'big'\n"
    )
    (about / "entry_points.txt").write_text("[voicectl.diarizers]\nbig = json:loads [big]\n")
    monkeypatch.syspath_prepend(tmp_path)
    registry._group.cache_clear()
    try:
        with pytest.raises(UsageError, match="needs what is not installed: a-big-lib") as refused:
            registry.find(registry.DIARIZERS, "big")
    finally:
        registry._group.cache_clear()
    assert refused.value.exit_status == 2
    assert refused.value.hint.endswith("-m pip install 'more[big]'")


def test_one_that_is_installed_and_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    about = tmp_path / "broken-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(
        "[voicectl.formats]\ngone = broken_package.module:thing\nhollow = json:no_such_thing\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    registry._group.cache_clear()
    try:
        assert {"gone", "hollow", "txt"} <= set(registry.names(registry.FORMATS))
        with pytest.raises(VoicectlError, match="the format 'gone' cannot be loaded") as refused:
            registry.load(registry.FORMATS, "gone")
        assert refused.value.hint.endswith("broken_package")
        with pytest.raises(VoicectlError, match="no_such_thing"):
            registry.load(registry.FORMATS, "hollow")
    finally:
        registry._group.cache_clear()
