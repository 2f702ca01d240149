"""`voicectl doctor`: what people, programs and shells are told."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli


def test_a_sound_site(fresh: Cli) -> None:
    fresh.site.config.chmod(0o600)
    ran = fresh.run("doctor")
    assert ran.status == 0
    assert re.fullmatch(r"nothing is wrong\n|\d+ warnings?\n", ran.stderr)
    lines = ran.stdout.splitlines()
    assert lines[0].split()[:2] == ["ok", "python"]
    assert all(line.split()[0] in ("ok", "warning", "->") for line in lines)
    assert not fresh.home.exists()


def test_a_site_without_models(cli: Cli) -> None:
    cli.home.mkdir(mode=0o755)
    told = cli.run("doctor", "--json")
    assert (told.status, told.stderr) == (1, "")
    bad = {found["check"]: found for found in told.json if found["health"] == "problem"}
    assert set(bad) == {"folder", "models"}
    assert bad["models"]["remedy"] == "voicectl models get tiny.en base"
    ran = cli.run("doctor", "--deep")
    assert ran.status == 1
    assert f"-> chmod 700 {cli.home}" in ran.stdout


def test_an_installation_that_is_damaged(cli: Cli, tmp_path: Path) -> None:
    """It says so although the machinery cannot even be loaded."""
    (tmp_path / "psutil.py").write_text("raise ImportError('no psutil here')\n")
    ran = cli.run("doctor", env=cli.env | {"PYTHONPATH": str(tmp_path)})
    assert ran.status == 1
    assert "problem  voicectl     voicectl itself is damaged" in ran.stdout
    assert "no psutil here" in ran.stdout
    assert os.linesep + " " * 22 + "-> ./install.sh" in ran.stdout
