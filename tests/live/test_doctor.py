"""`voicectl doctor asterisk` beside a real Asterisk, and beside none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran, Site
from tests.live.asterisk import PASSWORD, USER, Asterisk
from tests.live.listener import listening
from tests.live.prepare import PROGRAM
from voicectl.health import Finding
from voicectl_daemon.doctor import Patient
from voicectl_daemon.doctor.__main__ import OF_ASTERISK, examine

Run = Callable[..., Ran]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for a command `asterisk`; no other one is found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def console(path: Path, body: str) -> None:
    command = path / "asterisk"
    command.write_text(f"#!/bin/sh\n{body}\n")
    command.chmod(0o755)


def configure(site: Site, address: str, password: str = PASSWORD, more: str = "") -> None:
    (site.folder / "ari.password").write_text(f"{password}\n")
    table = f'[asterisk]\nari = "{address}"\nuser = "{USER}"\npassword_file = "ari.password"\n'
    site.configure(table + more)
    site.config.chmod(0o600)


def findings(site: Site) -> list[Finding]:
    return examine(Patient(site.home, site.config), OF_ASTERISK)


def found(site: Site) -> dict[str, Finding]:
    """By check; of several the last."""
    return {each.check: each for each in findings(site)}


def test_a_sound_one(asterisk: Asterisk, site: Site, path: Path, run: Run) -> None:
    console(path, f'exec {PROGRAM} -C {asterisk.folder}/etc/asterisk.conf "$@"')
    asterisk.configure("doctor.dialplan", "[voicectl-doctor]\nexten => s,1,Return()\n")
    with listening() as listener:
        line = f'[[listen]]\nname = "pbx"\nport = {listener.port}\n'
        configure(site, f"http://{asterisk.address}:8088", more=line)
        ran = run("doctor", "asterisk")
    assert (ran.status, ran.stderr) == (0, "nothing is wrong\n")
    told = [line.split(maxsplit=2) for line in ran.stdout.splitlines()]
    checks = ("config", "lines", "ari", "console", "version", "modules", "dialplan")
    assert [(health, check) for health, check, _ in told] == [("ok", check) for check in checks]
    assert told[5][2] == "calls can come by audiosocket, websocket, ari, uid"


def test_a_line_that_nobody_serves(site: Site, path: Path) -> None:
    site.configure('[[listen]]\nname = "pbx"\nport = 9\n')
    lines = found(site)["lines"]
    assert lines.text == "nobody takes calls on 127.0.0.1:9, the line 'pbx'"
    assert lines.remedy == "voicectl serve"


def test_a_wrong_password(asterisk: Asterisk, site: Site, path: Path) -> None:
    configure(site, f"http://{asterisk.address}:8088/ari", "wrong")
    ari = found(site)["ari"]
    assert ari.health == "problem"
    assert "the user 'tests' or the password is wrong" in ari.text
    assert ari.remedy == "voicectl asterisk config --transport ari"


def test_what_is_missing(asterisk: Asterisk, site: Site, path: Path) -> None:
    line = '[[listen]]\nname = "pbx"\ntransport = "uid"\n'
    configure(site, f"http://{asterisk.address}:8088", more=line)
    asterisk.rx("module unload app_originate.so")
    modules = found(site)["modules"]
    first, *_, last, _ = (each for each in findings(site) if each.check == "modules")
    asterisk.rx("module load app_originate.so")
    assert "calls cannot come by audiosocket: app_originate does not run" in first.text
    assert (first.health, last.health) == ("warning", "problem"), "uid is what the site uses"
    assert first.remedy.startswith("asterisk -rx 'module load app_originate.so'; ")
    assert (modules.health, modules.text) == ("ok", "calls can come by ari")


def test_a_clock_that_forgets(asterisk: Asterisk, site: Site, path: Path) -> None:
    configure(site, f"http://{asterisk.address}:8088")
    assert "clock" not in found(site)
    asterisk.rx("module load res_timing_timerfd.so")
    try:
        clock = found(site)["clock"]
    finally:  # other tests have the same Asterisk
        asterisk.rx("module unload res_timing_timerfd.so")
    assert clock.health == "warning"
    assert clock.text.endswith("half seconds of calls are lost")
    assert "clock" not in found(site), "the others have the clock of before"


@pytest.mark.parametrize(
    ("version", "health", "said"),
    [
        ("22.8.0", "problem", "22.8.0 can be made deaf to SIP"),
        ("22.6.0", "warning", "22.6.0 has no AudioSocket at more than 8 kHz"),
        ("20.15.2", "warning", "20.15.2 has no AudioSocket at more than 8 kHz"),
        ("24.0.0~rc1", "ok", "24.0.0"),
        ("GIT-master-1", "warning", "'GIT-master-1' is no version"),
    ],
)
def test_versions(site: Site, path: Path, version: str, health: str, said: str) -> None:
    console(path, f"echo 'Asterisk {version} built by somebody'")
    last = found(site)["version"]
    assert last.health == health
    assert last.text.startswith(said)


def test_a_console_that_is_closed(site: Site, path: Path) -> None:
    console(path, "echo 'Unable to connect to remote asterisk' >&2; exit 1")
    told = found(site)["console"]
    assert told.health == "warning"
    assert "its console cannot be asked: Unable to connect to remote asterisk" in told.text


def test_strict_rtp_is_off(site: Site, path: Path) -> None:
    console(
        path,
        'case "$3" in rtp*) echo "  Strict RTP:      No" ;;'
        " *) echo 'Asterisk 22.10.1 built by somebody' ;; esac",
    )
    told = found(site)
    assert told["rtp"].health == "problem"
    assert told["dialplan"].remedy == "voicectl asterisk config"
    assert told["modules"].text == "calls can come in no way at all"


def test_nobody_answers(site: Site, path: Path) -> None:
    configure(site, "http://127.0.0.1:9")
    assert found(site)["ari"].text == "http://127.0.0.1:9 does not answer: Connection refused"
    site.configure('[asterisk]\nari = "http://192.0.2.1:9/ari"')
    texts = " ".join(each.text for each in findings(site))
    assert "there is no password for its REST interface" in texts
    assert "goes over the network for all to read" in texts


def test_something_else_answers(site: Site, path: Path) -> None:
    serving = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]
    with subprocess.Popen(serving, cwd=site.folder, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, env=os.environ) as server:  # fmt: skip
        assert server.stdout
        port = server.stdout.readline().split(" port ")[1].split()[0]
        configure(site, f"http://127.0.0.1:{port}")
        told = found(site)["ari"]
        server.terminate()
    assert told.text == f"http://127.0.0.1:{port} says 404 File not found"


def test_there_is_none(site: Site, path: Path, run: Run) -> None:
    site.config.chmod(0o600)
    ran = run("doctor", "asterisk", "--json")
    assert (ran.status, ran.stderr) == (1, "")
    *_, told = json.loads(ran.stdout)
    assert told["health"] == "problem"
    assert told["remedy"] == "voicectl asterisk config --transport ari"
    ran = run("doctor", "freeswitch")
    assert ran.status == 2
    assert "there is no doctor for 'freeswitch'" in ran.stderr
