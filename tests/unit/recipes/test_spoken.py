"""What is heard together, and which of the translated words belong to which segment."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from voicectl.translated import TranslatedSegment
from voicectl.types import Segment, Word
from voicectl_recipes import spoken


def said(id_: int, start: float, end: float, text: str = "palabras", **more: object) -> Segment:
    return replace(Segment(id_, start, end, text, "SPEAKER_00", 0, "es"), **more)


def heard(*words: tuple[float, str]) -> Segment:
    """A translation whose words take a tenth of a second each."""
    timed = tuple(Word(start, start + 0.1, f" {text}", 0.9) for start, text in words)
    return Segment(0, timed[0].start, timed[-1].end, "".join(w.text for w in timed), words=timed)


def ids(*segments: Segment) -> list[list[int]]:
    return [[each.id for each in unit] for unit in spoken.units(segments)]


def test_segments_of_one_speaker_are_heard_together_while_they_are_near() -> None:
    assert ids(said(0, 0, 2), said(1, 2.5, 4), said(2, 5.5, 6)) == [[0, 1], [2]]
    assert ids(said(0, 0, 20), said(1, 20.1, 27), said(2, 27.1, 30)) == [[0, 1], [2]]


def test_who_speaks_in_between_parts_them_and_another_leg_does_not() -> None:
    other = {"speaker": "SPEAKER_01"}
    assert ids(said(0, 0, 2), said(1, 2.1, 2.4, **other), said(2, 2.5, 4)) == [[0], [1], [2]]
    far = other | {"channel": 1}
    assert ids(said(0, 0, 2), said(1, 1, 2, **far), said(2, 2.5, 4)) == [[0, 2], [1]]
    assert ids(said(0, 0, 2), said(1, 2.1, 3, language="pt")) == [[0], [1]]


def test_words_go_to_the_segment_in_which_they_are_heard() -> None:
    unit = (said(3, 0, 2), said(4, 2.4, 4))
    told = heard((0.1, "I"), (1.9, "came"), (2.3, "by"), (3.0, "bus"))
    assert list(spoken.shared_out(unit, [replace(told, suspect="loop")])) == [
        TranslatedSegment(3, "I came", "loop"), TranslatedSegment(4, "by bus", "loop"),
    ]  # fmt: skip


def test_no_segment_is_left_empty_while_there_are_words() -> None:
    unit = (said(0, 0, 2, "un poco"), said(1, 2, 4, "más largo que eso"), said(2, 4, 6, "sí"))
    late = heard(*((5.0 + at / 10, text) for at, text in enumerate(["a", "b", "c", "d", "e", "f"])))
    told = {each.segment: each.text for each in spoken.shared_out(unit, [late])}
    assert told == {0: "a b", 1: "c d e", 2: "f"}
    assert list(spoken.shared_out(unit, [heard((0.0, "hello"))])) == [TranslatedSegment(0, "hello")]
    assert list(spoken.shared_out(unit, [])) == []


@given(
    st.lists(st.floats(0, 9), min_size=1, max_size=12),
    st.lists(st.text("ab", min_size=1, max_size=9), min_size=1, max_size=5),
)
def test_every_word_goes_somewhere_in_order(times: list[float], texts: list[str]) -> None:
    unit = tuple(said(at, 2.0 * at, 2.0 * at + 1.5, text) for at, text in enumerate(texts))
    told = heard(*((time, f"w{at}") for at, time in enumerate(times)))
    out = list(spoken.shared_out(unit, [told]))
    assert " ".join(each.text for each in out) == told.text.strip()
    assert [each.segment for each in out] == sorted({each.segment for each in out})
