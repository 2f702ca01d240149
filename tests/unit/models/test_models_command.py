"""`voicectl models` in its child: what it prints, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.models.conftest import model_in
from voicectl_models.__main__ import main
from voicectl_models.catalogue import catalogue


def test_errors_are_two_lines_and_a_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICECTL_HOME", str(tmp_path))
    assert main(["get", "tinyen"]) == 2
    assert "voicectl: there is no model called 'tinyen'\n  hint: did you" in capsys.readouterr().err


def test_import_and_verify(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VOICECTL_HOME", str(tmp_path / "home"))
    assert main(["import", str(model_in(tmp_path / "own"))]) == 0
    assert main(["verify"]) == 0
    assert capsys.readouterr().err.endswith("own: sound\n")
    assert main(["verify", "own", "nobody"]) == 1
    assert "nobody: there is no model called" in capsys.readouterr().err
    model_in(tmp_path / "home" / "models" / "tiny.en")
    assert main(["verify"]) == 1
    assert "tiny.en: the model 'tiny.en' is damaged" in capsys.readouterr().err


def test_list(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model_in(tmp_path / "own")
    assert main(["--into", str(tmp_path), "list"]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert told.err.rstrip().endswith(str(tmp_path))
    assert lines[0].split() == ["MODEL", "LANGUAGES", "SIZE", "LICENCE", "USED", "FOR"]
    assert lines[1].split() == ["own", "English", "0", "MB", "?", "here"]
    assert lines[-1].split()[-3:] == ["can", "be", "fetched"]
    assert main(["--into", str(tmp_path), "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in rows] == ["own", *catalogue()]
    assert rows[0]["folder"] == str(tmp_path / "own")
    assert rows[1]["folder"] is None
    assert [row["name"] for row in rows if row["installed"]] == ["own"]
    assert all(row["default_for"] == [] for row in rows)


def test_list_says_what_is_used_for_what(weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--into", str(weights), "list", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["tiny.en"]["default_for"] == ["English"]
    assert rows["base"]["default_for"] == ["other languages", "translation"]


def test_what_cannot_be_fetched_names_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--into", str(tmp_path), "get", "large-v3"]) == 4
    assert "voicectl models import FOLDER large-v3" in capsys.readouterr().err
