"""What a sentence of a summary says is held against what was said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicectl.types import Segment
from voicectl.understanding import Sentence
from voicectl_models.spoken_rules import SpokenRules
from voicectl_recipes import claims, figures

CALL = tuple(
    Segment(10 + at, 3.0 * at, 3.0 * at + 2, text)
    for at, text in enumerate(
        (
            "My name is Grace and I live in Eldoret.",
            "My stepfather beats my brother with a belt, he is thirteen.",
            "It began on the fourth of March, three weeks ago.",
            "Call my aunt on oh seven double two one three nine four five six.",
            "The counsellor at [PLACE_1] was kind.",
            "We will send a social worker to visit the family tomorrow.",
        )
    )
)


def checked(text: str, evidence: tuple[int, ...], rules: SpokenRules) -> Sentence:
    return claims.checked([Sentence(text, evidence)], CALL, rules)[0]


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        ("Grace calls from Eldoret.", (10,)),
        ("The caller's brother is beaten with a belt by their stepfather.", (11,)),
        ("Her 13-year-old brother is beaten with a belt.", (11,)),
        ("It began three weeks ago, on March 4.", (12,)),
        ("It began 3 weeks ago.", (12,)),
        ("Her aunt can be reached on 0722139456.", (13,)),
        ("Her aunt can be reached on 0722 139 456.", (13,)),
        ("At [PLACE_1] the counsellor was kind.", (14,)),
        ("A social worker is sent to visit them tomorrow.", (15,)),
    ],
)
def test_what_was_said_in_other_words_is_supported(
    text: str, evidence: tuple[int, ...], rules: SpokenRules
) -> None:
    found = checked(text, evidence, rules)
    assert found == Sentence(text, evidence)


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("Grace Atieno calls from Eldoret.", "atieno"),
        ("Grace calls from Kisumu.", "kisumu"),
        ("Her 15-year-old brother is beaten with a belt.", "15"),
        ("It began five weeks ago.", "5"),
        ("Her aunt can be reached on 0733139456.", "0733139456"),
        ("Her uncle beats her brother with a belt.", "uncle"),
        ("Her brother is beaten with a belt and a knife.", "knife"),
        ("Her brother is beaten with a belt every hour.", "hour"),
        ("At [PLACE_2] the counsellor was kind.", "[PLACE_2]"),
        ("Everything turned out wonderfully peaceful.", "wonderfully"),
    ],
)
def test_what_nobody_said_is_named(text: str, claim: str, rules: SpokenRules) -> None:
    found = checked(text, tuple(each.id for each in CALL), rules)
    assert claim in found.unsupported


def test_what_was_said_elsewhere_becomes_evidence(rules: SpokenRules) -> None:
    found = checked("Grace says that her stepfather beats her brother.", (11,), rules)
    assert set(found.evidence) == {10, 11}
    assert found.unsupported == ()


def test_a_segment_that_has_nothing_of_it_is_no_evidence(rules: SpokenRules) -> None:
    found = checked("Her stepfather beats her brother with a belt.", (15, 11, 99), rules)
    assert found.evidence == (11,)


@pytest.mark.parametrize("evidence", [(), (99, -1, 10**30)])
def test_a_sentence_that_rests_on_nothing_is_unsupported(
    evidence: tuple[int, ...], rules: SpokenRules
) -> None:
    found = checked("He was advised to report it.", evidence, rules)
    assert found.evidence == ()
    assert found.unsupported == ("He was advised to report it.",)


def test_what_it_cannot_see(rules: SpokenRules) -> None:
    """Words are compared, not meaning: this is known, and said in the documentation."""
    found = checked("Her brother beats her stepfather with a belt.", (11,), rules)
    assert found.unsupported == ()


@given(st.lists(st.text("abc 17[]_NAME.ü\n", max_size=30), max_size=4), st.integers(0, 5))
@settings(max_examples=200, deadline=None)
def test_evidence_is_always_of_the_call_and_marks_of_the_sentence(
    rules: SpokenRules, texts: list[str], named: int
) -> None:
    sentences = [Sentence(text, (10 + named, 77)) for text in texts]
    found = claims.checked(sentences, CALL, rules)
    known = {segment.id for segment in CALL}
    for before, after in zip(sentences, found, strict=True):
        assert after.text == before.text
        assert set(after.evidence) <= known
        for claim in after.unsupported:
            assert claim.casefold() in after.text.casefold() or claim.isdecimal()


@given(st.lists(st.sampled_from(CALL), min_size=1, max_size=3, unique=True))
@settings(max_examples=50, deadline=None)
def test_what_was_said_word_for_word_is_always_supported(
    rules: SpokenRules, segments: list[Segment]
) -> None:
    sentences = [Sentence(each.text, (each.id,)) for each in segments]
    assert claims.checked(sentences, CALL, rules) == tuple(sentences)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("she is thirteen", {"13"}),
        ("twenty one", {"21", "20", "1"}),
        ("oh seven double two", {"0722"}),
        ("0722 139", {"0722", "0722139", "139"}),
        ("on the fourth", {"4"}),
        ("nobody counts", set()),
    ],
)
def test_numbers_are_read_however_they_are_told(text: str, numbers: set[str]) -> None:
    assert numbers <= figures.told(text)
    assert bool(figures.told(text)) is bool(numbers)
