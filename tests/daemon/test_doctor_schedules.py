"""Schedules that nobody keeps to, or that will fail at night, are told by day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.daemon.test_doctor import only, state
from voicectl.client import Door
from voicectl.health import Health
from voicectl_daemon.doctor import Patient, service

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Site


def schedule(recipe: str) -> str:
    words = f'name = "x"\ncron = "@daily"\nrecipe = "{recipe}"\npaths = ["z"]\noutput = "o"\n'
    return f"[[schedule]]\n{words}"


def test_schedules_that_nobody_keeps_to(site: Site, weights: Path) -> None:
    patient = Patient(site.home, site.config)
    assert list(service.schedules(patient)) == []
    site.configure(schedule("transcribe"))
    assert state(service.schedules(patient)) == ["warning"]
    with Door.open():
        found = only(service.schedules(patient))
        assert found.health is Health.WARNING, "it is there on demand only"
        assert "voicectl serve" in found.remedy


@pytest.mark.parametrize(
    ("recipe", "written", "said"),
    [
        ("helplin", None, "there is no recipe called 'helplin'"),
        ("night.toml", None, "cannot be read: No such file"),
        ("night.toml", "steps = 3", "steps"),
        ("night.toml", 'title = ""\n[[steps]]\nstage = "risk"\n', "no step before it finds"),
        ("night.toml", 'title = ""\n[[steps]]\nstage = "hear"\n', "no stage called 'hear'"),
    ],
)
def test_schedules_that_will_fail_at_night(
    site: Site, weights: Path, recipe: str, written: str | None, said: str
) -> None:
    if written:
        (site.folder / recipe).write_text(written)
    site.configure(schedule(recipe))
    found, nobody = service.schedules(Patient(site.home, site.config))
    assert (found.health, nobody.health) == (Health.PROBLEM, Health.WARNING)
    assert found.text.startswith("'x' cannot be run: ")
    assert said in found.text
    assert found.remedy
