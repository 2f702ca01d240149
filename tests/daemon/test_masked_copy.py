"""A masked copy has an end, whatever becomes of the process that makes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.daemon.conftest import WHEN, record
from voicectl.config import Redaction
from voicectl.errors import RecordingError, TooSlow
from voicectl.types import Done
from voicectl_daemon import masked_copy

if TYPE_CHECKING:
    from pathlib import Path

MASKED = record("aaa", "call [NAME_1]", done=(Done("redact", "", "", WHEN, 0.1, "hash"),))


def test_one_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masked_copy, "COPY_SECONDS", 0.0)
    short = replace(MASKED, audio=replace(MASKED.audio, seconds=0.0))
    with pytest.raises(TooSlow, match="could not be copied in time"):
        masked_copy.make(short, "/a.wav", "wav", Redaction(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_gone_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=MASKED.audio.name):
        masked_copy.make(MASKED, str(tmp_path / "gone.wav"), "wav", Redaction(), tmp_path)
