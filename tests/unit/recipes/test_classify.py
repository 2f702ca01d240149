"""What calls are about, by real vectors of real sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl_recipes import classify, scheme
from voicectl_recipes.classify import Prepared

Said = Callable[..., list[Segment]]


@pytest.fixture(scope="module")
def helpline(embedder: Embedder) -> Prepared:
    return classify.prepare(scheme.builtin("child-helpline"), embedder)


BEATEN = (
    "hello you have reached the child helpline",
    "hi yes i need to talk to somebody",
    "of course what is it about",
    "my stepfather hits me with a belt when he is drunk",
    "i am so sorry to hear that",
    "i have bruises on my back and on my legs",
    "we will follow up on this thank you for calling",
)


def test_a_label_names_the_segments_it_rests_on(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    labels = classify.classify(said(*BEATEN), helpline, embedder)
    assert [label.name for label in labels] == ["physical_abuse"]
    assert set(labels[0].evidence) >= {13}
    assert set(labels[0].evidence) <= {13, 15}
    assert labels[0].scheme == "child helpline"
    assert 0.5 <= labels[0].score <= 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("early_marriage", "my parents have found a husband for me and i am only thirteen"),
        ("sexual_abuse", "the neighbour touched her private parts when she was alone with him"),
        ("fgm", "my aunt says that i will be circumcised before i can be a woman"),
        ("custody", "after the divorce he refuses to let me visit my son"),
        ("suicide_and_self_harm", "sometimes i think it would be better if i was dead"),
        ("neglect", "there is no adult in that house and the little ones have not eaten"),
    ],
)
def test_categories_in_other_words_than_the_schemes(
    said: Said, helpline: Prepared, embedder: Embedder, name: str, words: str
) -> None:
    found = classify.likeness(said(BEATEN[0], BEATEN[1], words, BEATEN[6]), helpline, embedder)
    assert found is not None
    sure = classify.certainty(found, helpline)
    assert max(sure, key=lambda each: sure[each]) == name
    assert sum(sure.values()) <= 1


def test_it_abstains_where_nobody_can_know(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    assert classify.classify(said(*BEATEN[:3]), helpline, embedder) == ()
    assert classify.classify([], helpline, embedder) == ()
    assert classify.classify(said("", "  "), helpline, embedder) == ()


def test_a_call_about_nothing_is_called_so(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    silent = said("hello", "hello is anybody there", "i cannot hear you", "hello")
    labels = classify.classify(silent, helpline, embedder)
    assert [label.name for label in labels] == ["silent_or_prank_call"]


def test_what_may_be_invented_or_is_in_another_language_does_not_count(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    call = said(*BEATEN)
    doubtful = [replace(segment, suspect="loop") for segment in call]
    assert classify.classify(doubtful, helpline, embedder) == ()
    foreign = [replace(segment, language="sw") for segment in call]
    assert classify.classify(foreign, helpline, embedder) == ()
    unknown = [replace(segment, language=None) for segment in call]
    assert classify.classify(unknown, helpline, embedder) != ()


def test_a_correction_is_learned(said: Said, embedder: Embedder) -> None:
    call = said(*BEATEN[:3], "they make us kneel on bottle tops in the sun", BEATEN[6])
    before = scheme.builtin("child-helpline")
    after = scheme.corrected(before, "bullying", call[3].text)

    def sure(known: scheme.Scheme) -> float:
        prepared = classify.prepare(known, embedder)
        found = classify.likeness(call, prepared, embedder)
        assert found is not None
        return classify.certainty(found, prepared)["bullying"]

    assert sure(after) > sure(before) + 0.3


def test_a_site_decides_how_sure_is_sure_enough(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    bold = replace(helpline, scheme=msgspec.structs.replace(helpline.scheme, threshold=0.0))
    labels = classify.classify(said(*BEATEN), bold, embedder)
    assert len(labels) == len(helpline.categories)
    assert [label.score for label in labels] == sorted((x.score for x in labels), reverse=True)


def test_a_customer_of_a_shop(said: Said, embedder: Embedder) -> None:
    care = classify.prepare(scheme.builtin("customer-care"), embedder)
    call = said("good morning", "my parcel should have come last week and it is still not here")
    assert [label.name for label in classify.classify(call, care, embedder)] == ["delivery"]
