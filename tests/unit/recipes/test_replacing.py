"""Replacement rules over segments: text and words stay one, times stay where they are."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from voicectl.rules import Rule
from voicectl.types import Segment, Word
from voicectl_recipes.replacing import digest, replaced


def said(*texts: str, language: str = "en") -> Segment:
    words = tuple(
        Word(float(at), at + 0.75, f" {text}", 0.5 + at / 100) for at, text in enumerate(texts)
    )
    text = " ".join(texts)
    return Segment(0, 0.0, float(len(texts)), text, language=language, words=words)


def whole(segment: Segment) -> str:
    return "".join(word.text for word in segment.words).strip()


def test_a_word_for_a_word_keeps_everything_but_the_text() -> None:
    before = said("I", "am", "Atieno,", "yes.")
    after = replaced(before, [Rule(text="atieno", to="Otieno")])
    assert after.text == whole(after) == "I am Otieno, yes."
    assert after.original == before.text
    assert [(w.start, w.end, w.probability) for w in after.words] == [
        (w.start, w.end, w.probability) for w in before.words
    ]


def test_several_words_become_one() -> None:
    after = replaced(said("in", "Kis", "umu", "town"), [Rule(text="kis umu", to="Kisumu")])
    assert after.text == whole(after) == "in Kisumu town"
    assert after.words[1] == Word(1.0, 2.75, " Kisumu", 0.515)


def test_one_word_becomes_several_that_share_its_time() -> None:
    after = replaced(said("call", "childline."), [Rule(text="childline", to="Child Line One")])
    assert after.text == whole(after) == "call Child Line One."
    times = [(word.start, word.end) for word in after.words[1:]]
    assert times[0][0] == 1.0
    assert times[-1][1] == 1.75
    assert all(first[1] == second[0] for first, second in zip(times, times[1:], strict=False))


def test_every_place_in_a_segment() -> None:
    after = replaced(said("no", "no", "yes", "no"), [Rule(text="no", to="not so")])
    assert after.text == whole(after) == "not so not so yes not so"


def test_rules_follow_one_another_and_keep_the_first_original() -> None:
    rules = [Rule(text="a", to="b"), Rule(text="b", to="c")]
    after = replaced(said("a"), rules)
    assert (after.text, after.original) == ("c", "a")


def test_rules_of_other_languages_are_left_out() -> None:
    rules = [Rule(text="a", to="b", languages=("sw", "en"))]
    assert replaced(said("a", language="sw"), rules).text == "b"
    assert replaced(said("a", language="fr"), rules) == said("a", language="fr")


def test_a_segment_without_words() -> None:
    after = replaced(Segment(0, 0.0, 1.0, "in kis umu"), [Rule(text="kis umu", to="Kisumu")])
    assert (after.text, after.words, after.original) == ("in Kisumu", (), "in kis umu")


def test_no_rule_makes_a_word_vanish() -> None:
    """An expression whose group comes to nothing would leave a segment without any text."""
    nothing = Rule(regex="(very )?um", to=r"\1")
    before = said("um")
    assert replaced(before, [nothing]) is before
    assert replaced(said("very", "um", "um"), [nothing]).text == "very um"


def test_what_the_words_lack_is_not_lost() -> None:
    """The aligner of a recogniser may leave out a word that is in the text."""
    before = replace(said("in", "kis", "umu"), text="in kis umu town")
    assert replaced(before, [Rule(text="nobody", to="somebody")]) is before
    after = replaced(before, [Rule(text="kis umu", to="Kisumu")])
    assert (after.text, after.words) == ("in Kisumu town", before.words)


def test_nothing_to_replace_changes_nothing() -> None:
    before = said("hello", "there")
    assert replaced(before, [Rule(text="kisumu", to="Kisumu")]) is before
    assert replaced(before, []) is before


@given(
    st.lists(st.text("ab,", min_size=1, max_size=3), min_size=1, max_size=8),
    st.text("ab ,", min_size=1, max_size=4).filter(str.strip),
    st.text("xy ", min_size=1, max_size=6).filter(str.strip),
    st.booleans(),
)
def test_text_and_words_stay_one(texts: list[str], text: str, to: str, whole_words: bool) -> None:
    before = said(*texts)
    after = replaced(before, [Rule(text=text, to=to, whole_words=whole_words)])
    assert whole(after) == after.text
    assert (after.original is None) == (after.text == before.text)
    ends = [time for word in after.words for time in (word.start, word.end)]
    assert ends == sorted(ends)
    assert ends[0] == before.words[0].start
    assert ends[-1] == before.words[-1].end


def test_rules_are_known_by_their_digest() -> None:
    one, two = Rule(text="a", to="b"), Rule(text="a", to="c")
    assert digest([]) is None
    assert digest([one]) == digest([Rule(text="a", to="b")])
    assert len({digest([one]), digest([two]), digest([one, two]), digest([two, one])}) == 4
