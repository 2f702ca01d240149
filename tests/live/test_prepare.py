"""Where there can be no test Asterisk, it is said why, and nothing half is left."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import prepare

ROOT = Path(__file__).parents[2]


def prepared(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.live.prepare"],
        env=os.environ | {"VOICECTL_TEST_ASTERISK": str(folder)} | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if path.suffix != ".lock")


def test_a_machine_without_apt(tmp_path: Path) -> None:
    ran = prepared(tmp_path / "asterisk", PATH=str(tmp_path))
    assert ran.returncode == 1
    assert re.match(r"there is no test Asterisk: it comes from Debian", ran.stderr)
    assert left(tmp_path / "asterisk") == []


@pytest.mark.skipif(not shutil.which("apt-get"), reason="apt-get is not on this machine")
def test_a_network_that_is_not_there(tmp_path: Path) -> None:
    settings = tmp_path / "apt.conf"
    settings.write_text('Acquire::Retries "0"; Acquire::http::Proxy "http://127.0.0.1:9";\n')
    cache = tmp_path / "cache"
    # What a preparation that was killed has left goes with the next one.
    (cache / "asterisk.new-0").mkdir(parents=True)
    (cache / "asterisk").mkdir()
    ran = prepared(cache / "asterisk", APT_CONFIG=str(settings))
    assert ran.returncode == 1
    assert ran.stderr.startswith("there is no test Asterisk: apt-get failed: ")
    assert left(cache / "asterisk") == []


def test_one_that_is_there_stays(tmp_path: Path) -> None:
    program = tmp_path / "asterisk" / "asterisk"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho Asterisk 22.10.1+dfsg~1\n")
    program.chmod(0o755)
    assert prepare.prepare(program.parent) == "22.10.1"
    program.write_text("#!/bin/sh\necho Asterisk 22.8.0\n")
    with pytest.raises(prepare.CannotPrepare, match=r"22\.8\.0 .* is too old"):
        prepare.prepare(program.parent)


def test_who_lacks_what_the_two_people_need_is_told() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.live"],
        env=os.environ | {"PATH": "/nowhere"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr == "the two people need: apt-get install sox sip-tester util-linux\n"
