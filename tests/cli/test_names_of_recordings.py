"""A PBX writes callers' numbers into names of recordings; where a site masks them, none is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from voicectl_daemon.nameless import masked_name

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NUMBER = "0722123456"
CONFIG = r"""
[redaction]
mask_names = true
[roles]
file_name = '^(?P<direction>in|out)-(?P<caller>[^-]+)-(?P<agent>\d+)-'
"""


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("in-0722123456-104-20261121-0800.wav", "in-PHONE-104-20261121-0800.wav"),
        ("20261121093015_+254 722 123 456.WAV", "20261121093015_PHONE.WAV"),
        ("q-1732184123.42-anna.gsm", "q-PHONE-anna.gsm"),
        ("call 12.wav", "call 12.wav"),
        ("20263921.wav", "PHONE.wav"),
    ],
)
def test_numbers_go_and_days_stay(name: str, masked: str) -> None:
    assert masked_name(name) == masked
    assert masked_name(masked) == masked


def test_a_caller_whom_the_rules_find_goes_too() -> None:
    assert masked_name("in-peter-104.wav", "peter") == "in-PHONE-104.wav"
    assert masked_name("in-7-104.wav", "7") == "in-7-104.wav"


def test_nobody_is_told_the_number(fresh: Cli) -> None:
    fresh.site.configure(CONFIG)
    path = fresh.clip(f"in-{NUMBER}-104-20261121.wav", 0.0, 4.0)
    (fresh.folder / f"out-{NUMBER}-9.wav").write_bytes(b"no recording at all")
    ran = fresh.run(
        "transcribe", path.name, f"out-{NUMBER}-9.wav", "-o", "out", "--language", "en", "--json"
    )
    assert ran.status == 1
    files = sorted(file.name for file in (fresh.folder / "out").iterdir())
    assert files[0] == "in-PHONE-104-20261121.json"
    told = [ran.stdout, *((fresh.folder / "out" / name).read_text() for name in files)]
    job = ran.json["job"]
    for command in (
        ("calls", "list", "--json"),
        ("calls", "show", "last", "--json"),
        ("jobs", "list", "--json"),
        ("jobs", "show", job, "--json"),
        ("sql", "select * from calls", "--json"),
    ):
        shown = fresh.run(*command)
        assert shown.status == 0, shown.stderr
        assert "PHONE" in shown.stdout, command
        told.append(shown.stdout)
    assert not [text for text in told if NUMBER in text]
    (call,) = fresh.run("calls", "list", "--json").json
    assert fresh.run("calls", "delete", call["id"], "--with-recording", "--yes").status == 0
    assert not path.exists()


def test_what_a_schedule_said_has_no_number(fresh: Cli) -> None:
    """The command itself tells of what it cannot find, and the daemon keeps it."""
    schedule = f"""
[[schedule]]
name = "nightly"
cron = "@daily"
recipe = "transcribe"
paths = ["in-{NUMBER}-104-20261121.wav"]
output = "out"
"""
    fresh.site.configure(f"{CONFIG}\n{schedule}")
    ran = fresh.run("schedules", "run", "nightly")
    assert "in-PHONE-104-20261121.wav" in ran.stderr
    listed = fresh.run("schedules", "list")
    told = (ran.stdout, ran.stderr, listed.stdout, fresh.site.log)
    assert not [text for text in told if NUMBER in text]
