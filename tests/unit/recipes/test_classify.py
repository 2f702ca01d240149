"""What calls are about, by real vectors of real sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from voicectl.embedding import Embedder
from voicectl.types import Segment
from voicectl.understanding import Risk
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


KNEELING = (*BEATEN[:3], "they make us kneel on bottle tops in the sun", BEATEN[6])
ALIKE = (*BEATEN[:3], "the big ones force us to kneel on stones in the heat", BEATEN[6])


def lessons(
    found: classify.Likeness,
    about: tuple[str, ...],
    not_about: tuple[str, ...] = (),
    times: int = 1,
) -> scheme.Lessons:
    lesson = scheme.Lesson(about=about, not_about=not_about, centre=found.centre.tobytes())
    return scheme.Lessons(calls=(lesson,) * times)


def test_a_corrected_call_is_learned_by_calls_like_it(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    teacher = classify.likeness(said(*KNEELING), helpline, embedder)
    pupil = classify.likeness(said(*ALIKE), helpline, embedder)
    assert teacher is not None
    assert pupil is not None

    def sure(known: scheme.Lessons) -> float:
        after = classify.taught(pupil, helpline, known)
        return classify.certainty(after, helpline)["bullying"]

    assert sure(lessons(teacher, ("bullying",))) > 3 * sure(scheme.Lessons())
    assert sure(lessons(teacher, (), ("bullying",))) < sure(scheme.Lessons())


def test_what_is_learned_outweighs_nothing_that_is_plainly_said(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    beaten = said(*BEATEN)
    found = classify.likeness(beaten, helpline, embedder)
    assert found is not None
    after = classify.taught(found, helpline, lessons(found, ("information_request",), times=300))
    assert abs(after.call - found.call).max() <= 0.06 + 1e-6
    labels = classify.classify(
        beaten, helpline, embedder, lessons(found, ("information_request",), times=300)
    )
    assert [label.name for label in labels] == ["physical_abuse"]
    assert set(labels[0].evidence) <= {13, 15}


def test_lessons_of_other_weights_are_left_aside(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    found = classify.likeness(said(*BEATEN), helpline, embedder)
    assert found is not None
    odd = scheme.Lesson(about=("bullying",), not_about=(), centre=b"\0" * 40)
    after = classify.taught(found, helpline, scheme.Lessons(calls=(odd,)))
    assert (after.call == found.call).all()


def test_a_site_decides_how_sure_is_sure_enough(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    bold = replace(helpline, scheme=msgspec.structs.replace(helpline.scheme, threshold=0.0))
    labels = classify.classify(said(*BEATEN), bold, embedder)
    assert len(labels) == len(helpline.categories)
    assert [label.score for label in labels] == sorted((x.score for x in labels), reverse=True)


def test_urgent_words_speak_for_their_category_and_are_its_evidence(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    call = said(*BEATEN[:3], "it is in the paper that they found out about kujiua", BEATEN[6])
    assert classify.classify(call, helpline, embedder) == ()
    urgent = Risk("suicide", "kujiua", call[3].id, 45, 51, "sw")
    (label,) = classify.classify(call, helpline, embedder, risks=(urgent,))
    assert label.name == "suicide_and_self_harm"
    assert label.evidence[0] == call[3].id
    elsewhere = replace(urgent, kind="weapon")
    assert classify.classify(call, helpline, embedder, risks=(elsewhere,)) == ()


ELSEWHERE = (
    BEATEN[0],
    "i cannot get into my bank account any more and the card does not work",
    "i am sorry this line is for children",
    "but i have to pay my rent today can you not help me",
    "no you have to ask your bank",
)


def test_what_is_meant_for_somebody_else_gets_no_label(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    assert classify.classify(said(*ELSEWHERE), helpline, embedder) == ()
    with_none = msgspec.structs.replace(scheme.builtin("child-helpline"), elsewhere=())
    found = classify.likeness(said(*ELSEWHERE), classify.prepare(with_none, embedder), embedder)
    more = classify.likeness(said(*ELSEWHERE), helpline, embedder)
    assert found is not None
    assert more is not None
    some = sum(classify.certainty(found, helpline).values())
    assert sum(classify.certainty(more, helpline).values()) < some / 2


def test_what_a_recogniser_cut_in_two_is_read_together(
    said: Said, helpline: Prepared, embedder: Embedder
) -> None:
    cut = said(BEATEN[0], "yes his father beats him with", "an electric", "cable on the back", "ok")
    labels = classify.classify(cut, helpline, embedder)
    assert [label.name for label in labels] == ["physical_abuse"]


def test_a_customer_of_a_shop(said: Said, embedder: Embedder) -> None:
    care = classify.prepare(scheme.builtin("customer-care"), embedder)
    call = said("good morning", "my parcel should have come last week and it is still not here")
    assert [label.name for label in classify.classify(call, care, embedder)] == ["delivery"]
