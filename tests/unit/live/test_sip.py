"""Lines that are telephones: what may be said of them, and what is told without their library."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from voicectl import config
from voicectl.cli import sim
from voicectl.errors import ConfigError, UsageError
from voicectl.health import Health
from voicectl.lines import Listen
from voicectl.paths import Home
from voicectl_daemon.doctor import Patient, machine
from voicectl_daemon.live.phones import Phone, Phones, media_line

HOME = Home(Path("/nowhere"))
LINE = '[[listen]]\nname = "phone"\ntransport = "sip"\nport = 5060\n'


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pjsua2", None)


def written(folder: Path, text: str) -> Path:
    path = folder / "voicectl.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (LINE + "most_calls = 5\n", "holds 4 calls"),
        (LINE.replace("port = 5060\n", ""), "needs its port"),
        (LINE + 'host = "::1"\n', "takes calls by IPv4"),
        (LINE + '[listen.sip]\nover = "tls"\n', "needs certificate_file and key_file"),
        (LINE + '[listen.sip]\nacount = "sip:200@pbx"\n', "acount"),
        (LINE + '[listen.sip]\naccount = "sip:200@pbx;x=<y>"\n', "account"),
        (LINE + "[listen.sip]\ncodecs = []\n", "codecs"),
        (LINE + '[listen.sip]\nsrtp = "required"\n', "its keys are in the signalling"),
        (
            LINE + f"most_calls = 1\n[listen.sip]\njoin = {['sip:1@a', 'sip:2@a']}\n",
            "holds 1 calls",
        ),
        (LINE.replace('"sip"', '"uid"') + "[listen.sip]\n", "is for lines of"),
    ],
)
def test_what_no_telephone_can_do_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        config.read(written(tmp_path, text))


def test_files_are_meant_from_the_config_on(tmp_path: Path) -> None:
    text = LINE + '[listen.sip]\npassword_file = "phone.password"\n'
    (line,) = config.read(written(tmp_path, text)).listen
    assert line.sip
    assert line.sip.password_file == str(tmp_path / "phone.password")
    assert line.sip.key_file == ""


def test_the_media_process_is_told_of_a_line_of_its_own_machine() -> None:
    line = Listen(name="a", transport="sip", host="192.0.2.1", port=5060, allow=("192.0.2.0/24",))
    told = media_line(line)
    assert (told.transport, told.host, told.port) == ("audiosocket", "127.0.0.1", 0)
    assert (told.allow, told.holds, told.name) == (("127.0.0.1",), 8, "a")
    other = Listen(name="b", port=8302)
    assert media_line(other) is other


def test_without_its_library_a_line_says_what_to_install(no_library: None) -> None:
    refused: list[object] = []
    phone = Phone(Listen(name="a", transport="sip", port=5060), refused.append)
    phone.look()
    assert phone.status.port == 0
    assert "pip install 'voicectl[sip]'" in phone.status.trouble
    phone.drain()
    assert phone.over
    assert refused == []


def test_a_command_without_its_library_says_what_to_install(no_library: None) -> None:
    with pytest.raises(UsageError, match="pjsua2") as raised:
        sim._player("sip")
    assert "pip install 'voicectl[sip]'" in raised.value.hint
    assert sim._player("uid") == "media"


def test_the_doctor_knows_whether_a_line_lacks_its_library(
    tmp_path: Path, no_library: None
) -> None:
    patient = Patient(HOME, written(tmp_path, LINE))
    (found,) = machine.telephone(patient)
    assert (found.health, "'phone' cannot answer" in found.text) == (Health.PROBLEM, True)
    (found,) = machine.telephone(Patient(HOME, written(tmp_path, "")))
    assert found.health is Health.OK


def test_telephones_follow_the_lines(no_library: None) -> None:
    phones = Phones(lambda _refused: None)
    one, two = (Listen(name=name, transport="sip", port=5060 + len(name)) for name in ("a", "bb"))
    phones.change((one, Listen(name="c")))
    assert phones.bring("a", 4000)
    assert not phones.bring("c", 4001)
    assert phones.status("c") is None
    phones.change((two,))
    assert phones.status("a") is None
    status = phones.status("bb")
    assert status
    assert status.port == 0
