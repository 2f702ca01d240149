"""A masked copy of the recording, as a user asks for it: what was masked is not heard in it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Cli

NAME = "intra"
"""Of Sintra, as the recogniser writes it."""


def test_what_was_masked_is_not_heard_in_the_copy(fresh: Cli) -> None:
    path = fresh.clip("town.wav", 36.0, 12.0)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    ran = fresh.run("run", "redact", path.name, "-o", "out", "-f", "txt", "--beep")
    assert ran.status == 0, ran.stderr
    copy = fresh.folder / "out/town.masked.wav"
    assert str(copy.relative_to(fresh.folder)) in ran.stdout
    assert "[NAME_1]" in (fresh.folder / "out/town.txt").read_text()
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before

    for recording in (path, copy):
        fresh.run("transcribe", recording, "--language", "en", "-o", "heard", "-f", "txt")
    assert NAME in (fresh.folder / "heard/town.txt").read_text()
    assert NAME not in (fresh.folder / "heard/town.masked.txt").read_text()

    again = fresh.run("run", "redact", path.name, "-o", "out", "-f", "txt", "--beep", "--json")
    assert [file["new"] for file in again.json["recordings"][0]["files"]] == [False, False]
    of_another_result = b"it may hide less"
    copy.write_bytes(of_another_result)
    again = fresh.run("run", "redact", path.name, "-o", "out", "-f", "txt", "--beep", "--json")
    assert [file["new"] for file in again.json["recordings"][0]["files"]] == [False, True]
    assert copy.read_bytes() != of_another_result


def test_a_copy_of_what_is_not_masked_is_refused(fresh: Cli) -> None:
    fresh.clip("town.wav", 36.0, 4.0)
    fresh.run("transcribe", "town.wav", "--language", "en", "-f", "txt")
    ran = fresh.run("calls", "export", "last", "--beep", "-f", "txt", "-o", "out")
    assert ran.status == 3
    assert "is not masked" in ran.stderr
    assert "voicectl run redact" in ran.stderr
    assert not list(fresh.folder.glob("out/*.masked.*"))
