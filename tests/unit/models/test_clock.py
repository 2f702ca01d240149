"""The clock of a recording: holes become silence, and what cannot be is not believed."""

from __future__ import annotations

import pytest

from tests.unit.models.conftest import joined, likeness
from voicectl.errors import Undecodable
from voicectl.interfaces import RATE
from voicectl_models import clock, decode, headers


@pytest.mark.parametrize(
    ("name", "codec", "form"), [("a.mkv", "pcm_s16le", "matroska"), ("a.webm", "libopus", "webm")]
)
def test_a_hole_in_the_clock_is_silence(encode, speech, tmp_path, name, codec, form):
    path = encode(tmp_path / name, speech, codec, form, 48_000, holes={3.0: 5.0})
    decoded = decode.blocks(str(path), name)
    samples = joined(decoded)[0]
    assert decoded.seconds == pytest.approx(13, abs=0.1)
    assert "1 gaps in its clock, 5.0 s, became silence" in decoded.warnings
    assert not samples[int(3.2 * RATE) : int(7.8 * RATE)].any()
    correlation, lag = likeness(speech[0, 3 * RATE :], samples[8 * RATE :])
    assert correlation > 0.9
    assert abs(lag) < 0.08 * RATE


def test_a_clock_that_jumps_by_days_is_refused(encode, speech, tmp_path):
    path = encode(tmp_path / "a.mkv", speech, "pcm_s16le", "matroska", holes={3.0: 90_000.0})
    with pytest.raises(Undecodable, match="a.mkv cannot be decoded: its clock jumps ahead"):
        list(decode.blocks(str(path), "a.mkv"))


def test_roundings_of_many_holes_do_not_add_up(encode, speech, tmp_path):
    """Rounding to samples must not shift the end: 11,025 Hz divides nothing."""
    steps = {k * 0.12: 0.1 for k in range(1, 60)}
    path = encode(tmp_path / "a.mkv", speech, "pcm_s16le", "matroska", 11_025, holes=steps)
    decoded = decode.blocks(str(path), "a.mkv")
    samples = joined(decoded)[0]
    correlation, lag = likeness(speech[0, -7_000:], samples[-7_000:])
    assert decoded.seconds == pytest.approx(8.0 + 5.9, abs=0.05)
    assert correlation > 0.95
    assert abs(lag) < 0.05 * RATE


def test_a_timestamp_after_the_end_is_not_believed():
    faults = clock.Faults()
    watch = clock.Clock(0.0, 10.0, faults)
    assert watch.place(0.0, 1.0) is None
    assert watch.place(8_323.0, 1.0) is None, "one damaged packet"
    assert watch.place(2.0, 1.0) is None, "back in step"
    assert watch.place(5.0, 1.0) == 5 * RATE, "a hole inside the recording"
    assert faults.told() == [
        "1 gaps in its clock, 2.0 s, became silence",
        "its clock jumps 2 times; it was read as one piece",
    ]


def test_a_late_start_is_no_fault():
    faults = clock.Faults()
    assert clock.Clock(0.0, 0.0, faults).place(2.0, 1.0) == 2 * RATE
    assert faults.told() == []


def test_many_holes_count_together():
    faults = clock.Faults()
    watch = clock.Clock(0.0, 0.0, faults)
    at = 0.0
    for _ in range(25):
        watch.place(at, 1.0)
        at += 3_600.0
    with pytest.raises(headers.Refused, match="jumps ahead"):
        watch.place(at, 1.0)


def test_a_clock_starts_where_the_recording_starts():
    watch = clock.Clock(3_600.0, 0.0, clock.Faults())
    assert watch.place(3_600.0, 1.0) is None
    assert watch.place(3_601.02, 1.0) is None, "jitter"
    assert watch.place(None, 1.0) is None
    assert watch.place(3_604.0, 1.0) == 4 * RATE
