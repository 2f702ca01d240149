"""Replacement rules: what fits, what is refused, and that no expression takes for ever."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from voicectl import parse
from voicectl.errors import UsageError
from voicectl.rules import LONGEST, Rule, places
from voicectl.vocabulary import read_rules, read_terms


def applied(text: str, /, **rule: Any) -> str:
    done, at = "", 0
    for start, end, new in places(Rule(**rule), text):
        done, at = done + text[at:start] + new, end
    return done + text[at:]


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ({"text": "kis umu", "to": "Kisumu"}, "from Kis  Umu, yes", "from Kisumu, yes"),
        ({"text": "kis umu", "to": "Kisumu", "case": True}, "from Kis umu", "from Kis umu"),
        ({"text": "art", "to": "ARV"}, "art, party and ART", "ARV, party and ARV"),
        ({"text": "art", "to": "x", "whole_words": False}, "party", "pxy"),
        ({"text": "ano", "to": "x"}, "año ano ñano anoñ", "año x ñano anoñ"),
        ({"text": "a.c", "to": "x"}, "abc a.c", "abc x"),
        ({"text": "x", "to": r"\1"}, "x", r"\1"),
        ({"regex": "child ?line", "to": "Childline"}, "a child line", "a Childline"),
        ({"regex": r"(\d) (\d)", "to": r"\2\1"}, "1 2 and 3 4", "21 and 43"),
        ({"regex": "b*c?b", "to": "x"}, "a b", "a x"),
    ],
)
def test_what_a_rule_makes_of_a_text(rule: dict[str, object], text: str, expected: str) -> None:
    assert applied(text, **rule) == expected


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"to": "x"}, "either `text` or `regex`"),
        ({"text": "a", "regex": "b", "to": "x"}, "either `text` or `regex`"),
        ({"text": " ", "to": "x"}, "may be empty"),
        ({"text": "a", "to": " "}, "may be empty"),
        ({"regex": "(a", "to": "x"}, "cannot be read: missing )"),
        ({"regex": r"(?=a)b", "to": "x"}, "cannot be read"),
        ({"regex": "a*", "to": "x"}, "matches nothing at all"),
        ({"regex": "(a)", "to": r"\2"}, "names group 2, the expression has 1"),
        ({"text": "a" * (LONGEST + 1), "to": "x"}, "longer than"),
    ],
)
def test_what_cannot_be_applied_is_refused(rule: dict[str, Any], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="."):
        parse.plain(rule, Rule)
    with pytest.raises(ValueError, match="rule|empty|expression|group") as refused:
        Rule(**rule)
    assert why in str(refused.value)


@pytest.mark.parametrize("expression", [r"(a+)+b", r"(a|aa)+$x", r"(.*a){20}b", r"(x?){60}x{60}y"])
def test_no_expression_takes_for_ever(expression: str) -> None:
    """Each of these keeps a backtracking engine busy for longer than anybody waits."""
    assert list(places(Rule(regex=expression, to="x"), "a" * 20_000 + "x" * 60)) == []


def test_a_rule_travels() -> None:
    rule = Rule(regex="a(b)", to=r"\1", languages=("sw",), case=True)
    assert parse.plain(msgspec.to_builtins(rule), Rule) == rule


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "words"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_terms_one_a_line(tmp_path: Path) -> None:
    text = "\ufeff# our people\nOtieno  Wanjiru # who answers\n\nKisumu\nKisumu\n"
    assert read_terms(written(tmp_path, text)) == ("Otieno Wanjiru", "Kisumu")
    assert read_terms(written(tmp_path, "")) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"Kisumu\n\xff\n", "line 2: this is not UTF-8"),
        ("a\n" + "b" * 101, "line 2: a term has at most 100"),
        ("a\nb\x1b[31m", "line 2: the term has control characters"),
        (b"a" * 300_000, "larger than"),
    ],
)
def test_a_bad_list_of_terms_names_the_line(tmp_path: Path, text: str | bytes, why: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as refused:
        read_terms(path)
    assert str(path) in refused.value.text
    assert why in refused.value.text


def test_rules_from_a_file(tmp_path: Path) -> None:
    text = '[[replace]]\ntext = "kis umu"\nto = "Kisumu"\n\n[[replace]]\nregex = "a+"\nto = "b"\n'
    rules = read_rules(written(tmp_path, text))
    assert rules == (Rule(text="kis umu", to="Kisumu"), Rule(regex="a+", to="b"))


@pytest.mark.parametrize(
    ("second", "why"),
    [
        ('regex = "(a"\nto = "b"', ", line 5: the expression cannot be read"),
        ('regexp = "a"\nto = "b"', ", line 5: Object contains unknown field `regexp`"),
        ('text = "a"', ", line 5: Object missing required field `to`"),
        ('text = "a"\nto = 7', ", line 5: Expected `str`, got `int`"),
        ('text = "a', "is not TOML"),
    ],
)
def test_a_bad_rule_names_the_line(tmp_path: Path, second: str, why: str) -> None:
    path = written(tmp_path, f'[[replace]]\ntext = "x"\nto = "y"\n\n[[replace]]\n{second}\n')
    with pytest.raises(UsageError) as refused:
        read_rules(path)
    assert f"{path}" in refused.value.text
    assert why in refused.value.text


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        read_terms(tmp_path / "none")
