"""Which stretches of a recording must not be heard once its call is masked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voicectl.beeps import stretches
from voicectl.errors import UsageError
from voicectl.types import Audio, CallRecord, Done, Segment, Transcript, Word

AUDIO = Audio("/a.wav", "a.wav", 60.0, 8000, 2, "pcm_mulaw", "0" * 64)
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def record(*segments: Segment, stage: str = "redact") -> CallRecord:
    done = (Done(stage, "placeholders", "", NOW, 0.1, "hash"),)
    return CallRecord("c", "default", AUDIO, NOW, Transcript(segments, "en", "tiny.en"), done)


def spoken(at: float, *texts: str) -> tuple[Word, ...]:
    return tuple(Word(at + n, at + n + 0.5, f" {text}", 0.9) for n, text in enumerate(texts))


def test_the_words_that_were_masked_with_a_margin() -> None:
    said = Segment(0, 1.0, 4.0, "i am [NAME_1].", words=spoken(1.0, "i", "am", "[NAME_1]."))
    assert stretches(record(said), 0.25, own_channel=False) == [(2.75, 3.75, None)]


def test_a_segment_without_times_of_words_is_hidden_whole() -> None:
    bare = Segment(0, 1.0, 4.0, "i am [NAME_1]")
    unlike = Segment(1, 9.0, 9.5, "[AGE_1] and [NAME_1]", words=spoken(9.0, "[AGE_1]"))
    plain = Segment(2, 20.0, 21.0, "nothing [here] to hide", words=())
    found = stretches(record(bare, unlike, plain), 0.0, own_channel=False)
    assert found == [(1.0, 4.0, None), (9.0, 9.5, None)]


def test_only_the_channel_of_whoever_says_it_when_asked() -> None:
    left = Segment(0, 1.0, 4.0, "[NAME_1]", channel=0)
    right = Segment(1, 0.1, 5.0, "[NAME_1]", channel=1)
    assert stretches(record(left, right), 0.5, own_channel=True) == [(0.0, 5.5, 1), (0.5, 4.5, 0)]
    assert stretches(record(left, right), 0.5, own_channel=False) == [(0.0, 5.5, None)]


def test_a_call_that_is_not_masked_is_refused() -> None:
    with pytest.raises(UsageError, match="not masked"):
        stretches(record(Segment(0, 0.0, 1.0, "[NAME_1]"), stage="entities"), 0.0, own_channel=True)
