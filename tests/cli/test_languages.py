"""Calls in two languages, from leg to leg and inside one leg, with real weights."""

from __future__ import annotations

import json
import wave
from typing import TYPE_CHECKING, Any

from tests.conftest import CALL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Cli

SPANISH = CALL.with_name("call_es_0_2ch_mulaw.wav")
RATE, SILENCE = 8000, b"\xff"
"""Of mu-law."""


def leg(call: Path, channel: int, start: float, seconds: float) -> bytes:
    """Return a stretch of one leg, mu-law."""
    whole = call.read_bytes()
    samples = whole[whole.index(b"data") + 8 :][channel::2]
    return samples[int(start * RATE) : int((start + seconds) * RATE)]


def write(path: Path, *channels: bytes) -> None:
    """Write channels of mu-law as a recording of 16 bits."""
    length = max(map(len, channels))
    padded = [channel.ljust(length, SILENCE) for channel in channels]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(linear(byte) for frame in zip(*padded, strict=True)
                                  for byte in frame))  # fmt: skip


def linear(coded: int) -> bytes:
    """Return a sample of mu-law as 16 bits."""
    plain = ~coded & 0xFF
    size = (((plain & 0x0F) << 3) + 0x84 << ((plain & 0x70) >> 4)) - 0x84
    return (-size if plain & 0x80 else size).to_bytes(2, "little", signed=True)


def heard(cli: Cli, *flags: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    ran = cli.run("transcribe", "call.wav", "-o", "text", "-f", "json", *flags)
    assert ran.status == 0, ran.stderr
    record = json.loads((cli.folder / "text/call.json").read_text())
    return record, record["segments"]


def test_each_leg_has_its_language(fresh: Cli) -> None:
    write(fresh.folder / "call.wav", leg(CALL, 0, 0, 20), leg(SPANISH, 0, 0, 20))
    record, segments = heard(fresh)
    assert {(each["channel"], each["language"]) for each in segments} == {(0, "en"), (1, "es")}
    assert all(0.6 < each["language_probability"] <= 1 for each in segments)
    assert sorted(record["model"].split(", ")) == ["base", "tiny.en"]
    shown = fresh.run("calls", "show", "last")
    assert ("[es]" in shown.stdout) == (record["language"] == "en")
    query = "select distinct language from segments where language_probability > 0.6 order by 1"
    assert fresh.run("sql", query, "--json").json == [{"language": "en"}, {"language": "es"}]


def test_a_switch_inside_a_leg_is_heard_in_its_language(fresh: Cli) -> None:
    pause = SILENCE * 2 * RATE
    parts = [leg(SPANISH, 0, 0, 25), leg(CALL, 0, 0, 15), leg(SPANISH, 0, 30, 25)]
    write(fresh.folder / "call.wav", pause.join(parts))
    _, segments = heard(fresh, "--languages", "es,en")
    for each in segments:
        middle = (each["start"] + each["end"]) / 2
        expected = "en" if 26 < middle < 43 else "es"
        assert each["language"] == expected, each
    assert {each["language"] for each in segments} == {"es", "en"}
    english = " ".join(each["text"] for each in segments if each["language"] == "en").lower()
    assert "blacklisted" in english


def test_a_given_language_is_not_doubted(fresh: Cli) -> None:
    write(fresh.folder / "call.wav", leg(CALL, 0, 0, 6))
    record, segments = heard(fresh, "--language", "es")
    assert record["language"] == "es"
    assert {each["language_probability"] for each in segments} == {None}
