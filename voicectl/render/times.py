"""Offsets as people and players read them. A negative offset is written as zero."""

from __future__ import annotations


def milliseconds(seconds: float) -> int:
    """Return `seconds` in whole milliseconds."""
    return max(0, round(seconds * 1000))


def timestamp(seconds: float, *, point: str, hours: bool) -> str:
    """Return `[HH:]MM:SS<point>mmm`; the hours always when `hours`, else only above zero."""
    rest, thousandths = divmod(milliseconds(seconds), 1000)
    return f"{_clock(rest, hours=hours)}{point}{thousandths:03d}"


def clock(seconds: float) -> str:
    """Return `[HH:]MM:SS`, cut to the second that is being spoken."""
    return _clock(milliseconds(seconds) // 1000, hours=False)


def _clock(whole: int, *, hours: bool) -> str:
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return (
        f"{hour:02d}:{minute:02d}:{second:02d}" if hours or hour else f"{minute:02d}:{second:02d}"
    )
