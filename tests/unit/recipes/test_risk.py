"""Urgent words: found where they were said, not found where they were denied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from voicectl.errors import UsageError
from voicectl.types import Segment
from voicectl_recipes import risk

Said = Callable[..., list[Segment]]

URGENT = [
    ("en", "He is standing in front of the door with a knife.", "weapon", "knife"),
    ("en", "i dont want to live any more", "suicide", "dont want to live"),
    ("en", "No, he has a gun!", "weapon", "gun"),
    ("en", "Not only has he a knife, he drinks.", "weapon", "knife"),
    ("en", "I don't think that you know he carries a knife.", "weapon", "knife"),
    ("en", "She was RAPED by her teacher.", "sexual_violence", "RAPED"),
    ("en", "He said that he will kill me.", "threat", "kill me"),
    ("en", "the baby is not breathing", "medical", "not breathing"),
    ("en", "I can’t breathe", "medical", "can’t breathe"),
    ("en", "I want to kill myself.", "suicide", "kill myself"),
    ("en", "I do not see any reason to go on.", "suicide", "not see any reason to go on"),
    ("en", "Do you sometimes think of ending your life?", "suicide", "ending your life"),
    ("en", "Nobody would miss me.", "suicide", "Nobody would miss me"),
    ("sw", "Baba ana kisu mkononi.", "weapon", "kisu"),
    ("sw", "Baba yangu ananipiga kila siku.", "violence", "ananipiga"),
    ("sw", "sitaki kuishi tena", "suicide", "sitaki kuishi"),
    ("es", "Mi padrastro tiene un cuchillo.", "weapon", "cuchillo"),
    ("es", "Ya no quiero vivir.", "suicide", "no quiero vivir"),
    ("es", "Fue una violacion.", "sexual_violence", "violacion"),
    ("fr", "Il a un couteau dans la main.", "weapon", "couteau"),
    ("fr", "je ne veux plus vivre", "suicide", "ne veux plus vivre"),
    ("fr", "Ma mère est inconsciente.", "medical", "inconsciente"),
    ("pt", "Ele tem uma faca.", "weapon", "faca"),
    ("pt", "O meu pai me bate todos os dias.", "violence", "me bate"),
    ("pt", "nao quero viver", "suicide", "nao quero viver"),
]
HARMLESS = [
    ("en", "There is no knife in the house."),
    ("en", "No, he does not have a gun."),
    ("en", "He never had a weapon."),
    ("en", "She isn't bleeding."),
    ("en", "I am not thinking of ending my life."),
    ("en", "She has begun to draw grapes."),
    ("en", "Thank you, that kills two birds with one stone."),
    ("sw", "Hapana, hana kisu."),
    ("sw", "Nyumbani hakuna bunduki."),
    ("sw", "Alikuja bila silaha."),
    ("es", "No tiene ningún cuchillo."),
    ("es", "Vino sin armas."),
    ("fr", "Il n'a pas de couteau."),
    ("fr", "Il est venu sans couteau."),
    ("pt", "Ele não tem faca."),
    ("pt", "Não há nenhuma arma em casa."),
]


@pytest.mark.parametrize(("language", "text", "kind", "words"), URGENT)
def test_it_is_found_where_it_was_said(
    said: Said, language: str, text: str, kind: str, words: str
) -> None:
    found = risk.find(said("hello", text, language=language), risk.builtin())
    assert [(each.kind, each.text) for each in found] == [(kind, words)]
    assert found[0].segment == 11
    assert text[found[0].start : found[0].end] == words
    assert found[0].language == language


@pytest.mark.parametrize(("language", "text"), HARMLESS)
def test_what_is_denied_or_only_looks_like_it_is_not_found(
    said: Said, language: str, text: str
) -> None:
    assert risk.find(said(text, language=language), risk.builtin()) == ()


def test_callers_mix_languages(said: Said) -> None:
    mixed = said("ana gun na pia kisu", language="sw")
    alone = risk.find(mixed, risk.builtin())
    both = risk.find(mixed, risk.builtin(), ["en"])
    assert [each.text for each in alone] == ["kisu"]
    assert [each.text for each in both] == ["gun", "kisu"]
    assert risk.find(said("hana gun", language="sw"), risk.builtin(), ["en"]) == ()


def test_where_the_language_is_not_known_all_are_looked_for_and_told_once(said: Said) -> None:
    found = risk.find(said("tiene un arma", language=None), risk.builtin())
    assert [each.text for each in found] == ["arma"]


def test_a_denial_is_one_in_its_own_language_only(said: Said) -> None:
    words = risk.builtin()
    assert risk.find(said("no tiene arma", "não tem arma", language=None), words) == ()
    possible = said("y si tiene un cuchillo", language=None)
    assert [each.text for each in risk.find(possible, words)] == ["cuchillo"]
    possible = said("si il a un couteau", language="fr")
    assert [each.text for each in risk.find(possible, words, ["sw"])] == ["couteau"]


def test_what_may_be_invented_is_not_read(said: Said) -> None:
    doubtful = [replace(each, suspect="loop") for each in said("he has a knife")]
    assert risk.find(doubtful, risk.builtin()) == ()


def test_several_in_one_sentence_come_in_order(said: Said) -> None:
    found = risk.find(said("No gun, but a knife, and she is bleeding"), risk.builtin())
    assert [each.text for each in found] == ["knife", "bleeding"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[urgent]]\nkind = "x"\nlanguage = "en"\nphrases = ["--"]', "no word"),
        ('[[urgent]]\nkind = "x"\nlanguage = "en"\nphrase = ["a b"]', "phrase"),
        ('[[urgent]]\nkind = "x"\nlanguage = "english"\nphrases = ["ab"]', "language"),
        ('[[negation]]\nlanguage = "en"\nwords = ["no"]', "urgent"),
    ],
)
def test_what_is_wrong_in_a_list_is_named(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        risk.read(text.encode(), "ours.toml")


def test_every_language_has_every_kind_and_its_negations() -> None:
    words = risk.builtin()
    kinds = {each.kind for each in words.urgent}
    for language in ("en", "sw", "es", "fr", "pt"):
        assert {each.kind for each in words.urgent if each.language == language} == kinds
        assert [each for each in words.negation if each.language == language]
