"""What a masked run says on its way, at whatever level: no word of a call, no name of a caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

LOUD = """
import logging

usual = logging.basicConfig

def loud(**given):
    usual(**(given | {"level": logging.DEBUG}))
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.DEBUG)

logging.basicConfig = loud
"""
"""Has every process write all that voicectl and the libraries it uses ever log."""
SAID = ("intra", "romantic", "fascinating", "foreigners")
"""In the stretch of the call that is used; the first is a name, of Sintra."""


def test_no_log_at_any_level_has_a_word_of_the_call(fresh: Cli, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(LOUD)
    fresh.env["PYTHONPATH"] = str(tmp_path)
    fresh.clip("town.wav", 36.0, 12.0)
    ran = fresh.run(
        "run", "helpline", "town.wav", "-f", "json", "-o", "out", "--verbose",
        "--log-level", "debug", "--set", "transcribe.language=en",
    )  # fmt: skip
    assert ran.status == 0, ran.stderr
    assert "> TEXT" in fresh.site.log, "not all was logged"
    told = (fresh.site.log + ran.stdout + ran.stderr).lower()
    assert [word for word in SAID if word in told] == []

    fresh.run("transcribe", "town.wav", "--language", "en", "-f", "txt", "-o", "said")
    heard = (fresh.folder / "said/town.txt").read_text().lower()
    assert [word for word in SAID if word not in heard] == []
