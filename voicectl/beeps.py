"""Where a masked call says what was masked: the stretches of the recording that get a tone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from voicectl.errors import UsageError
from voicectl.types import CallRecord, Segment

Stretch = tuple[float, float, int | None]
"""Start and end in seconds on the clock of the recording, and the channel; None for all."""

MASKS = "redact"
"""The step that leaves placeholders."""
PLACEHOLDER = re.compile(r"\[[A-Z]+_\d+\]")
FORMATS = ("masked.wav", "masked.flac", "masked.ogg")
"""What a masked copy may be, as the ending of its file."""


def stretches(record: CallRecord, margin: float, *, own_channel: bool) -> list[Stretch]:
    """Return what must not be heard, in order and apart, each with `margin` seconds around it.

    A segment with a placeholder that none of its words has is hidden whole. With
    `own_channel` only on the channel of the segment, where it has one. Raises `UsageError`
    for a call that is not masked.
    """
    if record.transcript is None or all(done.stage != MASKS for done in record.done):
        raise UsageError(
            "the call is not masked, so nobody knows what must not be heard",
            hint="take it through a recipe with the step redact: voicectl run redact RECORDING",
        )
    found: list[Stretch] = []
    for segment in record.transcript.segments:
        channel = segment.channel if own_channel else None
        found += [
            (max(0.0, start - margin), end + margin, channel) for start, end in _hidden(segment)
        ]
    return _apart(found)


def _hidden(segment: Segment) -> Iterator[tuple[float, float]]:
    count = len(PLACEHOLDER.findall(segment.text))
    words = [word for word in segment.words if PLACEHOLDER.search(word.text)]
    if count > sum(len(PLACEHOLDER.findall(word.text)) for word in words):
        yield segment.start, segment.end
    yield from ((word.start, word.end) for word in words)


def _apart(found: list[Stretch]) -> list[Stretch]:
    """Return stretches of one channel that touch as one."""
    kept: list[Stretch] = []
    last: dict[int | None, int] = {}
    for start, end, channel in sorted(found, key=lambda each: each[:2]):
        before = last.get(channel)
        if before is not None and start <= kept[before][1]:
            kept[before] = (kept[before][0], max(kept[before][1], end), channel)
        else:
            last[channel] = len(kept)
            kept.append((start, end, channel))
    return kept
