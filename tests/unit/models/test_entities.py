"""Names and numbers in what callers say: where they stand, and what only looks like one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicectl.types import Segment
from voicectl_models.entities.find import in_call, resolve
from voicectl_models.entities.lines import Span, line
from voicectl_models.entities.ordinary import ordinary
from voicectl_recipes.masking import mask_segments

UTTERANCES = Path(__file__).parents[2] / "data/pii_utterances.txt"
EVERYDAY = frozenset(
    [
        "my",
        "name",
        "is",
        "and",
        "the",
        "number",
        "i",
        "live",
        "in",
        "a",
        "from",
        "call",
        "me",
        "on",
        "it",
        "she",
        "he",
        "was",
        "at",
        "hello",
        "thank",
        "you",
        "so",
        "much",
        "have",
        "brothers",
        "for",
        "what",
        "to",
        "do",
        "anymore",
        "don",
        "know",
        "but",
        "they",
        "him",
    ]
)
MARKED = re.compile(r"\{([A-Z]+) ([^}]*)\}")
WORDS = st.sampled_from(
    [
        "my",
        "name",
        "is",
        "otieno",
        "peter",
        "oh",
        "seven",
        "double",
        "two",
        "0722",
        "house",
        "number",
        "fourteen",
        "years",
        "old",
        "at",
        "gmail",
        "dot",
        "com",
        "i",
        "live",
        "in",
        "kisumu",
        "near",
        "primary",
        "school",
        "o",
        "t",
        "i",
        "e",
        "n",
        "one",
        "thousand",
        "shillings",
        "mille",
        "neuf",
        "january",
        "[NAME_1]",
        "st",
        "mary's",
        "Grace.",
        "Uhuru,",
        "+254",
        "(0)",
        "jina",
        "langu",
        "ni",
        "é",
        "rue",
        "des",
        "um",
        "12/3/1999",
        "a@b.co",
    ]
)


def segments(*texts: str) -> list[Segment]:
    return [Segment(at, float(at), at + 1.0, text) for at, text in enumerate(texts)]


def found(text: str) -> list[tuple[str, str]]:
    return [(each.label, each.text) for each in in_call(segments(text), EVERYDAY)]


@pytest.mark.parametrize(
    "marked",
    [
        "call me on {PHONE oh seven double two one triple three four}",
        "namba yangu ni {PHONE sifuri saba mbili mbili moja tatu nne}",
        "mi número es {PHONE seis uno dos tres cuatro cinco seis}",
        "mon numéro {PHONE zéro six douze trente quatre cinquante six}",
        "meu número é {PHONE nove um dois três quatro meia sete}",
        "My number is {PHONE +254 711 20-33-48}.",
        "my passport is {ID a k zero four five double two}",
        "{EMAIL peter dot otieno at gmail dot com}",
        "{EMAIL ana punto lopez arroba correo punto com}",
        "my name is {NAME peter otieno}",
        "je m'appelle {NAME maëlys}",
        "it is {NAME o t i e n o}",
        "It is {NAME O-T-I-E-N-O}.",
        "It is {NAME A-CHI-E-N-G}.",
        "it is {NAME M.L.N.G.I}.",
        "It is {PHONE 7 to do for 5-1-983}.",
        "it is {EMAIL peter dot otieno.mail.com}",
        "it is {EMAIL otieno at mail.com}",
        "{EMAIL mail.example.com} it is",
        "{NAME o for oscar t as in tango i n}",
        "i live in {ADDRESS house number fourteen}",
        "near {ORG precious blood primary school}",
        "naishi {PLACE kisumu}",
        "she is {AGE fourteen} years old",
        "i'm {AGE seventeen} and",
        "born on the {DATE fifth of march two thousand and nine}",
        "alinipa {MONEY shilingi elfu tano}",
    ],
)
def test_it_is_found_as_it_was_said(marked: str) -> None:
    match = MARKED.search(marked)
    assert match is not None
    assert match.groups() in found(MARKED.sub(r"\2", marked))


@pytest.mark.parametrize(
    "text",
    [
        "one two three testing",
        "one two three four five six seven eight nine ten",
        "call us on one one six",
        "our number is oh eight hundred two two one two three four",
        "two thousand and nineteen",
        "i have two brothers",
        "for three years",
        "um dois três testando",
        "h i v",
        "H-I-V",
        "it is on call.com",
        "2 to do for 6 and 3",
        "a do-it-yourself",
        "i'm a",
        "i'm ten minutes",
        "he is one of",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert found(text) == []


def test_a_name_is_known_in_the_rest_of_the_call_once_it_was_announced() -> None:
    call = segments("hello my name is grace", "thank you", "so grace how old are you")
    assert [(each.segment, each.text) for each in in_call(call, EVERYDAY)] == [
        (0, "grace"),
        (2, "grace"),
    ]
    assert in_call(segments("by the grace of heaven"), EVERYDAY | {"heaven", "grace"}) == ()


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("en", "he was from the rhinoceros", ["rhinoceros"]),
        ("es", "el gorro de lana no me abriga", []),
        ("es", "vi a la señora Xochitl con mi hija yaretzi", ["Xochitl", "yaretzi"]),
        ("fr", "elle a vu Ngozi hier", ["Ngozi"]),
        ("sw", "yeye ni mwanafunzi", []),
    ],
)
def test_a_rare_word_is_a_name_only_where_everyday_words_are_known(
    language: str, text: str, names: list[str]
) -> None:
    found = in_call([Segment(0, 0.0, 1.0, text, language=language)], EVERYDAY)
    assert [each.text for each in found] == names


def test_a_name_in_a_segment_of_two_words_is_found_when_the_call_is_english() -> None:
    texts = ("so what was on the call, do you know", "Lord Byron.", "Nasimiyu.")
    call = [Segment(at, at, at + 1.0, text, language="en") for at, text in enumerate(texts)]
    assert [each.text for each in in_call(call, EVERYDAY)] == ["Byron", "Nasimiyu"]
    assert in_call(call[2:], EVERYDAY) == ()


def test_a_number_dictated_in_parts_is_found_whole() -> None:
    call = segments("oh seven two two", "yes", "one one two", "okay", "three four five thank you")
    assert [(each.label, each.segment, each.text) for each in in_call(call, EVERYDAY)] == [
        ("PHONE", 0, "oh seven two two"),
        ("PHONE", 2, "one one two"),
        ("PHONE", 4, "three four five"),
    ]


def test_a_number_that_was_asked_for_is_one_though_half_of_it_was_not_heard() -> None:
    answer = "double 3 to 1 for 6 so"
    asked = segments("what is the number", answer)
    assert [(each.label, each.text) for each in in_call(asked, EVERYDAY | {"double"})] == [
        ("PHONE", "double 3 to 1 for 6")
    ]
    case = segments("and the case number", "4 2 7 1")
    assert [(each.label, each.text) for each in in_call(case, EVERYDAY | {"case"})] == [
        ("ID", "4 2 7 1")
    ]
    assert in_call(segments("have you", answer), EVERYDAY) == ()
    assert in_call(segments("our helpline number", answer), EVERYDAY) == ()
    assert in_call(segments("the number is", "it was in 2019"), EVERYDAY) == ()


def test_small_numbers_of_several_segments_are_no_telephone_number() -> None:
    call = segments("she took twelve", "and he has two brothers", "i came at ten", "yes", "ten")
    assert in_call(call, EVERYDAY | {"brothers", "came", "has", "took"}) == ()


@given(st.lists(st.lists(WORDS, max_size=14).map(" ".join), max_size=4))
def test_every_entity_is_its_own_stretch_of_the_text(texts: list[str]) -> None:
    call = segments(*texts)
    last = (-1, 0)
    for each in in_call(call, EVERYDAY):
        assert call[each.segment].text[each.start : each.end] == each.text
        assert each.text == each.text.strip() != ""
        assert (each.segment, each.start) >= last
        last = (each.segment, each.end)


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    for each in in_call(segments(text), EVERYDAY):
        assert text[each.start : each.end] == each.text


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9), st.floats(0, 1))))
def test_spans_are_set_apart_and_lose_nothing(given_: list[tuple[int, int, float]]) -> None:
    spans = [Span("NAME", start, start + length, score) for start, length, score in given_]
    kept = resolve(spans)
    assert all(a.end <= b.start for a, b in zip(kept, kept[1:], strict=False))
    covered = {at for span in kept for at in range(span.start, span.end)}
    assert covered == {at for span in spans for at in range(span.start, span.end)}


def test_nothing_is_found_where_everything_was_masked() -> None:
    rows = UTTERANCES.read_text().splitlines()
    marked = [row.split("|", 1)[1] for row in rows if not row.startswith("#")]
    everyday = frozenset(word for text in marked for word in line(MARKED.sub("", text)).words)
    for text in marked:
        call = segments(MARKED.sub(r"\2", text))
        once = mask_segments(call, in_call(call, everyday))
        assert mask_segments(once, in_call(once, everyday)) == once


def test_everyday_words_are_those_a_recogniser_has_whole(tmp_path: Path) -> None:
    vocabulary = {
        "\u0120daughter": 1,
        "\u0120Otieno": 2,
        "\u0120mu\u00c3\u00b1eca": 3,
        "ot": 4,
        "\u0120peter": 5,
    }
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps({"model": {"vocab": vocabulary}}))
    assert ordinary(path) == {"daughter", "muneca"}
