"""The units in the docs are what systemd takes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PAGES = [Path(__file__).parents[2] / "docs" / name for name in ("operations.md", "recipes.md")]
NAME = re.compile(r"`(?:/etc/systemd/system/)?(voicectl[\w-]*\.(?:service|timer))`")
UNIT = re.compile(r"```ini\n(.*?)```", re.DOTALL)


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units of the pages as files, with the voicectl that is here."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze")
    page = "\n".join(each.read_text() for each in PAGES)
    names, units = list(dict.fromkeys(NAME.findall(page))), UNIT.findall(page)
    assert len(names) == len(units)
    voicectl = str(Path(sys.executable).with_name("voicectl"))
    for name, unit in zip(names, units, strict=True):
        (tmp_path / name).write_text(unit.replace("/opt/voicectl/.venv/bin/voicectl", voicectl))
    return sorted(tmp_path.iterdir())


def complaints(units: list[Path]) -> list[str]:
    """Return what systemd says of units, and how it ended where it did not end well."""
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in ran.stderr.splitlines() if "voicectl" in line]
    return ours + [f"exit status {ran.returncode}"] * bool(ran.returncode)


def test_systemd_takes_the_units(units: list[Path]) -> None:
    assert complaints(units) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("ExecStart=", "ExecStrat="), ("/bin/voicectl ", "/bin/voicectle "), ("02:00:00", "26:00:00")],
)
def test_a_broken_unit_is_noticed(units: list[Path], right: str, wrong: str) -> None:
    for unit in units:
        unit.write_text(unit.read_text().replace(right, wrong))
    assert complaints(units)
