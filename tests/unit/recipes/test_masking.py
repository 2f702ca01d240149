"""Masking: nothing of what was found is left, in text or in words, and the rest stands."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voicectl.types import Decoding, Segment, Word
from voicectl.understanding import Entity
from voicectl_recipes.masking import Placeholders, mask, mask_segments


def words(text: str) -> tuple[Word, ...]:
    parts = text.split(" ")
    return tuple(
        Word(float(at), at + 0.5, part if not at else f" {part}", 0.9)
        for at, part in enumerate(parts)
        if part
    )


def entity(text: str, said: str, label: str = "NAME", segment: int = 0) -> Entity:
    start = text.index(said)
    return Entity(label, said, segment, start, start + len(said), 0.9)


def test_text_and_words_say_the_same() -> None:
    text = "my name is peter otieno, thanks"
    masked, spoken = mask(text, words(text), [entity(text, "peter otieno")], Placeholders())
    assert masked == "my name is [NAME_1], thanks"
    assert [word.text for word in spoken] == ["my", " name", " is", " [NAME_1]", " thanks"]
    assert (spoken[3].start, spoken[3].end) == (3.0, 4.5)


def test_the_same_entity_has_the_same_number_in_the_whole_call() -> None:
    first, second = "Peter and José", "jose saw PETER"
    found = [
        entity(first, "Peter"), entity(first, "José"),
        entity(second, "jose", segment=1), entity(second, "PETER", segment=1),
    ]  # fmt: skip
    masked = mask_segments([Segment(0, 0, 1, first), Segment(1, 1, 2, second)], found)
    assert [segment.text for segment in masked] == [
        "[NAME_1] and [NAME_2]",
        "[NAME_2] saw [NAME_1]",
    ]


def test_what_else_tells_the_text_is_dropped() -> None:
    decoding = Decoding(0, (1, 2), 0.0, -0.1, 1.0, 0.0)
    segment = Segment(0, 0, 1, "clean", original="peter", decoding=decoding)
    (masked,) = mask_segments([segment], [])
    assert masked.decoding is None
    assert masked.original is None


def test_words_that_are_not_those_of_the_text_become_one() -> None:
    text = "call peter"
    masked, spoken = mask(text, words("ring up peter"), [entity(text, "peter")], Placeholders())
    assert [word.text for word in spoken] == [masked] == ["call [NAME_1]"]


def test_a_text_without_words_has_none_afterwards() -> None:
    assert mask("peter", (), [entity("peter", "peter")], Placeholders()) == ("[NAME_1]", ())


LETTERS = st.text("abcXYZ é", max_size=30).map(lambda text: " ".join(text.split()))


@given(LETTERS, st.lists(st.tuples(st.integers(-2, 32), st.integers(0, 12)), max_size=5))
def test_no_character_of_a_span_is_left(text: str, places: list[tuple[int, int]]) -> None:
    found = [Entity("NAME", "", 0, start, start + length, 1.0) for start, length in places]
    masked, spoken = mask(text, words(text), found, Placeholders())
    hidden = {at for start, length in places for at in range(start, start + length)}
    left = "".join(letter for at, letter in enumerate(text) if at not in hidden)
    for number in range(1, len(places) + 1):
        masked = masked.replace(f"[NAME_{number}]", "")
    assert masked == left
    if text and not hidden & set(range(len(text))):
        assert spoken == words(text)
    for word in spoken:
        assert word.text.replace("[NAME_", "").strip("[]0123456789 ").strip() in text


@given(LETTERS)
def test_masking_again_changes_nothing(text: str) -> None:
    found = [Entity("NAME", text, 0, 0, len(text), 1.0)] if text else []
    once = mask(text, words(text), found, Placeholders())
    assert mask(*once, [], Placeholders()) == once
