from __future__ import annotations

import pytest

from voicectl.render.times import clock, milliseconds, timestamp


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "00:00:00,000"),
        (59.9996, "00:01:00,000"),
        (3599.9999, "01:00:00,000"),
        (360_000.0, "100:00:00,000"),
        (-1.0, "00:00:00,000"),
    ],
)
def test_a_timestamp_is_rounded_once(seconds, expected):
    assert timestamp(seconds, point=",", hours=True) == expected


@pytest.mark.parametrize(("seconds", "expected"), [(3599.9, "59:59.900"), (3600.0, "01:00:00.000")])
def test_hours_appear_when_there_are_some(seconds, expected):
    assert timestamp(seconds, point=".", hours=False) == expected


def test_a_clock_is_cut_to_the_second():
    assert [clock(12.99), clock(3661.0)] == ["00:12", "01:01:01"]


def test_milliseconds_are_whole():
    assert milliseconds(1.2346) == 1235
